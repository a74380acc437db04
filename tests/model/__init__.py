"""An explicit-state model of the sync protocol, small enough to visit every state.

`state` is what is remembered, and the bounds; `world` the customer, the agent and the webhooks;
`queue` the jobs, leases and the healer; `sweep` the periodic question; `run` and `calls` a
worker's run; `decide` the table of closure; `check` the search; `scenarios` the bounds, and the
protections that are switched off to see that the search notices.

Safety is checked in every reachable state. Liveness: from every reachable state three fair
schedules, without further faults, are followed to their end; they must come to rest with both
sides agreed and nothing owed, and may not go round for ever.
"""
