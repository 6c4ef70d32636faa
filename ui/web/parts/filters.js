// SPDX-License-Identifier: Apache-2.0
// filters.js -- which datasets: by name, layer, tag, state; the choice is part of the address.

import { setQuery } from '../lib/router.js';
import { filterOf, tagsOf } from '../lib/select.js';
import { groups } from '../lib/states.js';
import { Search, Select } from './bits.js';
import { html } from './html.js';

/** @param {{datasets: any[], query: URLSearchParams, children?: any}} p */
export function Filters({ datasets, query, children }) {
  const f = filterOf(query);
  const layers = [...new Set(datasets.map((d) => d.layer).filter(Boolean))];
  const tags = [...new Set(datasets.flatMap(tagsOf))].sort();
  /** @type {(list: string[], all: string) => [string, string][]} */
  const options = (list, all) => [['', all], .../** @type {[string, string][]} */ (list.map((l) => [l, l]))];
  return html`<div class="filters"><${Search} label="Find a table" value=${f.find}
    onInput=${(find) => setQuery({ find })} />
    ${
      layers.length > 1
        ? html`<${Select} label="Layer" value=${f.layer} options=${options(layers, 'all')}
      onPick=${(layer) => setQuery({ layer })} />`
        : null
    }
    ${
      tags.length
        ? html`<${Select} label="Tag" value=${f.tag} options=${options(tags, 'all')}
      onPick=${(tag) => setQuery({ tag })} />`
        : null
    }
    <${Select} label="State" value=${f.state} options=${[['', 'all'], ...groups.map(([k, w]) => [k, w])]}
      onPick=${(state) => setQuery({ state })} />
    ${children}</div>`;
}
