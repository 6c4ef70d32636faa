// SPDX-License-Identifier: Apache-2.0
// event_types.js -- the types of events: a stream names them, and EventSource hears only names it
// was told.  A test compares the list with runtime/events/event.h.  Pure.

export const types = [
  'run_started',
  'run_progress',
  'run_finished',
  'dataset_definition',
  'flow_definition',
  'flow_progress',
  'expectation_result',
  'check_result',
  'threshold_crossed',
  'dataset_committed',
  'flow_failed',
  'flow_retried',
  'flow_skipped',
  'batch_rolled_forward',
  'batch_voided',
  'generation_started',
  'schema_pinned',
  'schema_changed',
  'checkpoint_written',
  'decode_error',
  'source_warning',
  'table_inactive',
  'maintenance',
  'checkpoint_refused',
  'stale', 'fresh', 'trigger_left_out', 'user_action',
];
