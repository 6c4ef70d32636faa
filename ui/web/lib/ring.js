// SPDX-License-Identifier: Apache-2.0
// ring.js -- the newest N of something, so that an open tab never grows.  Pure.

/** @template T */
export class Ring {
  /** @param {number} size */
  constructor(size) {
    this.size = size;
    /** @type {T[]} */
    this.items = [];
    this.start = 0;
  }

  /** @param {T} item */
  push(item) {
    if (this.items.length < this.size) {
      this.items.push(item);
    } else {
      this.items[this.start] = item;
      this.start = (this.start + 1) % this.size;
    }
  }

  /** Oldest first. @returns {T[]} */
  list() {
    return [...this.items.slice(this.start), ...this.items.slice(0, this.start)];
  }

  clear() {
    this.items = [];
    this.start = 0;
  }
}
