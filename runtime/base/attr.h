/* SPDX-License-Identifier: Apache-2.0 */
/* attr.h -- the few compiler attributes that smelt uses, behind names of its own. */
#ifndef SM_BASE_ATTR_H
#define SM_BASE_ATTR_H

#define SM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SM_NORETURN          __attribute__((noreturn))
#define SM_MUST_USE          __attribute__((warn_unused_result))

#endif
