-- Who may do what in PgQueuer's schema: the worker everything, the web only put jobs in.

GRANT USAGE ON SCHEMA queue TO caseway_sync, caseway_web;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA queue TO caseway_sync;
GRANT SELECT, INSERT ON queue.pgqueuer, queue.pgqueuer_log TO caseway_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA queue TO caseway_sync, caseway_web;
