/* SPDX-License-Identifier: Apache-2.0 */
/* hub.h -- wakes those who wait for events: this module only.
 *
 * One thread waits at the bus of the site and, once a second, for what other processes may have
 * stored; each time it counts up and wakes everybody.  The same thread ends connections whose time
 * is over.  All calls but start and stop may come from any thread. */
#ifndef SM_HTTP_HUB_H
#define SM_HTTP_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/events/event_bus.h"
#include "ui/http/connections.h"

typedef struct sm_hub sm_hub;

/* `bus` may be NULL.  Both are borrowed until stop. */
sm_code sm_hub_start(sm_event_bus *bus, sm_connections *connections, sm_hub **out, sm_error *err);
/* Wake everybody for good; then those who wait must end, before the hub is freed. */
void sm_hub_close(sm_hub *h);
void sm_hub_free(sm_hub *h); /* NULL is fine */

int64_t sm_hub_now(sm_hub *h);
/* Until the count is above *seen, which becomes it, or the time is over. */
void sm_hub_wait(sm_hub *h, int64_t *seen, int64_t timeout_ms);
/* Until the time is over or the hub is closed. */
void sm_hub_sleep(sm_hub *h, int64_t ms);
bool sm_hub_closed(sm_hub *h);

#endif
