/* SPDX-License-Identifier: Apache-2.0 */
/* version.h -- which smelt this is. */
#ifndef SM_CLI_VERSION_H
#define SM_CLI_VERSION_H

#define SM_VERSION  "0.1.0"
/* Changes with the code that makes plans, so that a kept plan is never read by another. */
#define SM_BUILD_ID __DATE__ " " __TIME__

#endif
