-- Whether the database can be worked with.

-- name: takes_writes()
-- role: both
-- No on a standby, and where it was set to read-only, as providers do whose disk is almost full.
SELECT current_setting('transaction_read_only') = 'off';
