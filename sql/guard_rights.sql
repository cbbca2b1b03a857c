-- The guard's rules about rights: rls_bypass and matrix_access; and who is let through: exemptions, waivers, the
-- baseline; and for whom rules are stricter.
LOAD 'rlsproof';
SET rlsproof.small_table = 0;
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE SCHEMA guard_rights;
SET search_path = guard_rights;
CREATE ROLE regress_guard_owner;
CREATE ROLE regress_guard_app;
CREATE ROLE regress_guard_bypass BYPASSRLS;
GRANT USAGE, CREATE ON SCHEMA guard_rights TO regress_guard_owner;
GRANT USAGE ON SCHEMA guard_rights TO regress_guard_app, regress_guard_bypass;
SET ROLE regress_guard_owner;
CREATE TABLE notes (id int PRIMARY KEY, owner text, body text);
CREATE TABLE open (id int PRIMARY KEY, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = current_user);
INSERT INTO notes VALUES (1, 'regress_guard_app', 'a'), (2, 'other', 'b');
GRANT SELECT, INSERT, UPDATE, DELETE ON notes, open TO regress_guard_app, regress_guard_bypass;
RESET ROLE;

-- rls_bypass: who reads past the policies, and who does not.
SET rlsproof.rule_rls_bypass = warn;
SELECT count(*) FROM notes;
SET ROLE regress_guard_owner;
SELECT count(*) FROM notes;
ALTER TABLE notes FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM notes;
ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;
SET ROLE regress_guard_bypass;
SELECT count(*) FROM notes;
SELECT count(*) FROM open;
UPDATE notes SET body = 'x' WHERE id = 1;
INSERT INTO notes VALUES (3, 'x', 'y');
INSERT INTO notes VALUES (4, 'x', 'y') RETURNING id;
DELETE FROM notes WHERE id > 2;
SET ROLE regress_guard_app;
SELECT count(*) FROM notes;
SELECT count(*) FROM open;
RESET ROLE;
-- Rights that are lent count as the lender's: definer functions and views of an owner are for audit() to judge.
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM guard_rights.notes';
CREATE FUNCTION counted_too() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM guard_rights.notes); END';
SET ROLE regress_guard_owner;
CREATE VIEW by_owner AS SELECT * FROM notes;
CREATE VIEW by_invoker WITH (security_invoker) AS SELECT * FROM notes;
GRANT SELECT ON by_owner, by_invoker TO regress_guard_app, regress_guard_bypass;
SET ROLE regress_guard_app;
SELECT counted();
SELECT counted_too();
SELECT count(*) FROM by_owner;
SELECT count(*) FROM by_invoker;
SET ROLE regress_guard_bypass;
SELECT counted();
SELECT counted_too();
SELECT count(*) FROM by_owner;
SELECT count(*) FROM by_invoker;
RESET ROLE;
-- Prepared by one, executed by another.
SET ROLE regress_guard_app;
PREPARE p AS SELECT count(*) FROM notes;
EXECUTE p;
RESET ROLE;
EXECUTE p;
SET ROLE regress_guard_app;
EXECUTE p;
RESET ROLE;
DEALLOCATE p;
-- A query without a right to a column, a system column, or a lock.
SET ROLE regress_guard_bypass;
SELECT 1 FROM notes WHERE false;
SELECT id FROM notes WHERE id = 1 FOR SHARE;
SET rlsproof.rule_rls_bypass = off;
RESET ROLE;
-- A guarded role cannot let itself through.
SET ROLE regress_guard_app;
SET rlsproof.guard = off;
SET rlsproof.rule_rls_bypass = off;
SET rlsproof.stricter = '';
INSERT INTO rlsproof.waivers VALUES ('rls_bypass', '*', 'me', '2999-01-01');
INSERT INTO rlsproof.guard_known VALUES ('rls_bypass', '0000000000000000');
RESET ROLE;
SET rlsproof.rule_rls_bypass = error;
SET ROLE regress_guard_bypass;
SELECT count(*) FROM notes;
\echo :LAST_ERROR_SQLSTATE
COPY notes TO STDOUT;
EXPLAIN (COSTS OFF) SELECT count(*) FROM notes;
COPY notes (id, owner) TO STDOUT;
COPY open TO STDOUT;
COPY notes FROM STDIN;
9	x	y
\.
SET ROLE regress_guard_app;
COPY notes TO STDOUT;
RESET ROLE;
COPY notes TO STDOUT;
SET rlsproof.rule_rls_bypass = off;

-- Foreign keys are checked in the table owner's name, on the server's own behalf.
CREATE TABLE answers (id int PRIMARY KEY, note int REFERENCES notes ON DELETE CASCADE);
SET rlsproof.rule_rls_bypass = error;
SET rlsproof.rule_full_scan = error;
INSERT INTO answers VALUES (1, 2);
SET rlsproof.rule_rls_bypass = off;
DELETE FROM notes WHERE id = 2;
SET rlsproof.rule_full_scan = off;

-- matrix_access: no persona of the role may do it, and one says so by word.
SET rlsproof.rule_matrix_access = error;
SELECT rlsproof.persona('guard_shop', 'regress_guard_app');
SELECT rlsproof.expect('guard_shop', 'guard_rights.open', 'select', 'none');
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM notes;
INSERT INTO open VALUES (1, 'x');
UPDATE open SET body = 'y';
UPDATE open SET body = 'y' WHERE id = 1;
DELETE FROM open WHERE id = 1;
EXPLAIN (COSTS OFF) SELECT count(*) FROM open;
COPY open TO STDOUT;
COPY open (body) TO STDOUT;
COPY open FROM STDIN;
2	x
\.
RESET ROLE;
SELECT count(*) FROM open;
-- Silence is no statement, and what one persona of the role may do the role may do.
SELECT rlsproof.persona('guard_till', 'regress_guard_app');
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
RESET ROLE;
SELECT rlsproof.expect('guard_till', 'guard_rights.open', 'all', 'none');
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
DELETE FROM open WHERE id = 1;
RESET ROLE;
SELECT rlsproof.expect('guard_shop', 'guard_rights.*', 'all', 'none');
SET ROLE regress_guard_app;
DELETE FROM open WHERE id = 1;
SELECT count(*) FROM by_owner;
SELECT count(*) FROM notes;
RESET ROLE;
SELECT rlsproof.expect('guard_shop', 'guard_rights.open', 'select', 'all');
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
RESET ROLE;
-- A declaration that is taken back is no declaration.
BEGIN;
DELETE FROM rlsproof.expectations;
SET LOCAL ROLE regress_guard_app;
DELETE FROM open WHERE id = 1;
ROLLBACK;
SET ROLE regress_guard_app;
DELETE FROM open WHERE id = 1;
RESET ROLE;
DELETE FROM rlsproof.expectations WHERE persona LIKE 'guard_%';
DELETE FROM rlsproof.personas WHERE name LIKE 'guard_%';
SET rlsproof.rule_matrix_access = off;

-- Waivers: by table, role and shape; with an end.
SET rlsproof.rule_full_scan = warn;
SELECT count(*) FROM open;
INSERT INTO rlsproof.waivers VALUES ('full_scan', 'guard_rights.open', 'small', '2999-01-01');
SELECT count(*) FROM open;
SELECT count(*) FROM notes;
UPDATE rlsproof.waivers SET until = '2020-01-01';
SELECT count(*) FROM open;
UPDATE rlsproof.waivers SET until = current_date;
SELECT count(*) FROM open;
UPDATE rlsproof.waivers SET rule = 'scan_rows';
SELECT count(*) FROM open;
UPDATE rlsproof.waivers SET rule = 'full_scan', object = 'guard_rights.*';
SELECT count(*) FROM notes;
UPDATE rlsproof.waivers SET object = 'role:regress_guard_app';
SELECT count(*) FROM open;
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
RESET ROLE;
DELETE FROM rlsproof.waivers;
SELECT count(*) FROM open;
-- One by shape takes the constants out. What the shape is called is in the log and in guard_events.
INSERT INTO rlsproof.waivers SELECT 'full_scan', 'fingerprint:' || rlsproof.fingerprint('SELECT count(*) FROM open WHERE body = ''x'''), 'known', '2999-01-01';
SELECT count(*) FROM open WHERE body = 'x';
SELECT count(*) FROM open WHERE body = 'y';
SELECT count(*) FROM open WHERE body = 'y' AND id > 0 OR body = 'z';
DELETE FROM rlsproof.waivers;
-- The baseline: counted, no longer told.
INSERT INTO rlsproof.guard_known (rule, fingerprint) VALUES ('full_scan', rlsproof.fingerprint('SELECT count(*) FROM open WHERE body = ''x'''));
SELECT count(*) FROM open WHERE body = 'x';
SELECT count(*) FROM open;
TRUNCATE rlsproof.guard_known;
SELECT count(*) FROM open WHERE body = 'x';
-- A waiver of one table says nothing of the others in the statement.
INSERT INTO rlsproof.waivers SELECT rule, 'guard_rights.open', 'known', '2999-01-01' FROM unnest('{full_scan, write_without_where, rls_bypass, cartesian_join}'::text[]) rule;
SET rlsproof.rule_write_without_where = warn;
SELECT count(*) FROM open o JOIN notes n USING (body);
SELECT count(*) FROM notes n LEFT JOIN open o USING (body);
SELECT count(*) FROM open WHERE body = 'x' UNION ALL SELECT count(*) FROM notes;
BEGIN;
WITH gone AS (DELETE FROM open RETURNING 1) UPDATE notes SET body = 'x';
WITH gone AS (DELETE FROM notes RETURNING 1) UPDATE open SET body = 'x';
TRUNCATE open, notes CASCADE;
TRUNCATE open;
ROLLBACK;
SET rlsproof.rule_write_without_where = off;
SET rlsproof.rule_full_scan = off;
SET rlsproof.rule_rls_bypass = warn;
ALTER TABLE open ENABLE ROW LEVEL SECURITY;
SELECT count(*) FROM open;
SELECT count(*) FROM open o JOIN notes n USING (id);
ALTER TABLE open DISABLE ROW LEVEL SECURITY;
SET rlsproof.rule_rls_bypass = off;
SET rlsproof.rule_cartesian_join = warn;
SELECT count(*) FROM open, notes;
SELECT count(*) FROM open, notes a, notes b;
SET rlsproof.rule_cartesian_join = off;
DELETE FROM rlsproof.waivers;
-- A waiver of what would be stopped while it runs.
SET rlsproof.rule_full_scan = off;
SET rlsproof.rule_rows_read = error;
SET rlsproof.max_rows_read = 0;
SELECT count(*) FROM notes;
INSERT INTO rlsproof.waivers SELECT 'rows_read', 'role:' || current_user, 'nightly', '2999-01-01';
SELECT count(*) FROM notes;
DELETE FROM rlsproof.waivers;
SELECT count(*) FROM notes;
SET rlsproof.rule_rows_read = off;

-- Stricter for some, never looser.
SET rlsproof.stricter = 'route=/cart* full_scan=error; application_name=job full_scan=warn; role=regress_guard_app full_scan=error copy_out=error';
SELECT count(*) FROM open;
SELECT count(*) FROM open /*route='%2Fcart%2F1',action='show'*/;
-- A label that is cut is cut between characters.
SELECT count(*) FROM open /*route='%2Fcart%2F%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4'*/;
/*route='/cart'*/ SELECT count(*) FROM open;
SELECT count(*) FROM open /*route='/other'*/;
SELECT count(*) FROM open /* route=/cart */;
SELECT '/*route=''/cart''*/' FROM open;
SET application_name = job;
SELECT count(*) FROM open;
RESET application_name;
SET ROLE regress_guard_app;
SELECT count(*) FROM open;
COPY open TO STDOUT;
RESET ROLE;
-- What is refused for a label is stopped as early as what is refused for all.
SET rlsproof.stricter = 'route=/api result_rows=error';
SET rlsproof.max_result_rows = 1;
SELECT id FROM open UNION ALL SELECT id FROM open /*route='/api'*/;
SELECT id FROM open UNION ALL SELECT id FROM open /*route='/batch'*/;
SET rlsproof.rule_full_scan = error;
SET rlsproof.stricter = 'role=* full_scan=log';
SELECT count(*) FROM open;
SET rlsproof.stricter = 'foo=/cart* full_scan=error';
SET rlsproof.stricter = 'role=x full_scan=loud';
SET rlsproof.stricter = 'role=x slow_scan=error';
SET rlsproof.stricter = 'role=x';
SET rlsproof.stricter = '';

-- Reported once in a while, what is refused always is.
SET rlsproof.rule_full_scan = warn;
SET rlsproof.report_interval = 3600;
SELECT count(*) FROM open;
SELECT count(*) FROM open;
SELECT id FROM open WHERE body = 'x';
SELECT id FROM open WHERE body = 'y';
SET rlsproof.rule_full_scan = error;
SELECT count(*) FROM open;
SELECT count(*) FROM open;
SET rlsproof.report_interval = 0;

-- Our own tables and functions, scripts of extensions and the server's catalogs are none of its business.
SELECT count(*) FROM rlsproof.waivers;
SELECT count(*) > 0 FROM rlsproof.verify(NULL, 'guard_rights.open', 'SELECT');
SELECT count(*) > 0 FROM pg_attribute;
ANALYZE open;
CREATE INDEX ON open (body);
REINDEX TABLE open;
CLUSTER open USING open_pkey;
VACUUM open;
ALTER TABLE open ADD CHECK (body <> ''), ALTER id TYPE bigint;
SET rlsproof.rule_full_scan = off;

DROP SCHEMA guard_rights CASCADE;
DROP ROLE regress_guard_app, regress_guard_owner, regress_guard_bypass;
