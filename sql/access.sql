-- Who may do what, by which way, and which rows that leaves. MAINTAIN exists from 17 on and is left out.
\pset format unaligned
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE ROLE regress_access_owner;
CREATE ROLE regress_access_owner_too IN ROLE regress_access_owner;
CREATE ROLE regress_access_staff;
CREATE ROLE regress_access_editors IN ROLE regress_access_staff;
CREATE ROLE regress_access_ann IN ROLE regress_access_editors;
CREATE ROLE regress_access_stiff NOINHERIT IN ROLE regress_access_staff;
CREATE ROLE regress_access_columns;
CREATE ROLE regress_access_auditor IN ROLE pg_read_all_data;
CREATE ROLE regress_access_free BYPASSRLS IN ROLE regress_access_staff;
CREATE ROLE regress_access_nobody;
CREATE SCHEMA access_it AUTHORIZATION regress_access_owner;
-- Messages of refusals.
CREATE FUNCTION access_it.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ': ' || m, nullif(h, ''));
END $$;
SET ROLE regress_access_owner;
CREATE TABLE access_it.orders (id int PRIMARY KEY, tenant text, owner text, total int);
ALTER TABLE access_it.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON access_it.orders TO regress_access_staff USING (tenant = current_setting('app.tenant', true));
CREATE POLICY owners ON access_it.orders FOR SELECT USING (owner = current_user);
CREATE POLICY limited ON access_it.orders AS RESTRICTIVE FOR UPDATE USING (total < 1000) WITH CHECK (total < 500);
CREATE POLICY nobody ON access_it.orders FOR DELETE USING (current_user = 'somebody else');
CREATE TABLE access_it.forced (id int);
ALTER TABLE access_it.forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE access_it.notes (id int, body text, author text);
CREATE TABLE access_it.broken (id int);
ALTER TABLE access_it.broken ENABLE ROW LEVEL SECURITY;
CREATE POLICY itself ON access_it.broken USING (id IN (SELECT b.id FROM access_it.broken b));
CREATE TABLE access_it.events (id int, tenant text) PARTITION BY LIST (id);
CREATE TABLE access_it.events_1 PARTITION OF access_it.events FOR VALUES IN (1);
ALTER TABLE access_it.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON access_it.events USING (tenant = current_setting('app.tenant', true));
CREATE VIEW access_it.all_orders AS SELECT * FROM access_it.orders;
CREATE VIEW access_it.my_orders WITH (security_invoker) AS SELECT * FROM access_it.orders;
CREATE VIEW access_it.outer_orders WITH (security_invoker) AS SELECT id, tenant FROM access_it.all_orders WHERE total > 0;
CREATE MATERIALIZED VIEW access_it.totals AS SELECT tenant, sum(total) FROM access_it.orders GROUP BY tenant;
CREATE FUNCTION access_it.pay(id int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    RETURN (SELECT total FROM access_it.orders o WHERE o.id = pay.id);
GRANT USAGE ON SCHEMA access_it TO regress_access_staff, regress_access_columns, regress_access_stiff;
GRANT ALL ON ALL TABLES IN SCHEMA access_it TO regress_access_staff;
GRANT SELECT (id, "body"), UPDATE (body) ON access_it.notes TO regress_access_columns;
GRANT SELECT ON access_it.notes TO PUBLIC;
RESET ROLE;
SELECT rlsproof.persona(name, 'regress_access_' || name, NULL, '{"app.tenant": "north"}')
FROM unnest(ARRAY['owner', 'owner_too', 'ann', 'stiff', 'columns', 'auditor', 'free', 'nobody']) name ORDER BY name COLLATE "C";
CREATE VIEW access_it.seen AS SELECT * FROM rlsproof.access() WITH ORDINALITY AS a (persona, object, kind, command, privilege, predicate, rows, via, place)
WHERE command <> 'MAINTAIN' AND persona !~ '^(outsider|newcomer)' AND object LIKE '%access_it.%' AND object <> 'access_it.seen';

-- The way of a grant: owner, member of the owner, a chain of memberships, one that is not inherited, columns, PUBLIC, a
-- predefined role, and a schema that is shut.
SELECT persona, object, command, privilege FROM access_it.seen
WHERE object IN ('access_it.orders', 'access_it.notes') AND command IN ('SELECT', 'UPDATE', 'TRUNCATE') ORDER BY place;

-- What the policies come to for one persona, command by command.
SELECT command, predicate, rows, via FROM access_it.seen WHERE persona = 'ann' AND object = 'access_it.orders' ORDER BY place;
-- Who is past them, and who is not although it owns the table.
SELECT persona, object, rows, predicate, via FROM access_it.seen
WHERE object IN ('access_it.orders', 'access_it.forced') AND command = 'SELECT' ORDER BY place;

-- Views: with the owner's rights, with the caller's, and one in the other. Writing through them.
SELECT object, command, privilege, predicate, rows, via FROM access_it.seen
WHERE persona = 'ann' AND kind IN ('view', 'materialized view') ORDER BY place;

-- A partition by its own name; a policy that fails; a function.
SELECT object, kind, command, predicate, rows, via FROM access_it.seen
WHERE persona = 'ann' AND command IN ('SELECT', 'EXECUTE') AND object ~ 'events|broken|pay' ORDER BY place;

-- One persona, one object, and names that are not there.
SELECT DISTINCT persona, object FROM rlsproof.access('ann', 'access_it.orders');
SELECT DISTINCT object FROM rlsproof.access('ann', 'access_it.event*') ORDER BY 1;
SELECT DISTINCT object FROM rlsproof.access('ann', 'rpc:access_it.pay(int)');
SELECT access_it.try($$SELECT 1 FROM rlsproof.access('anne')$$);
SELECT access_it.try($$SELECT 1 FROM rlsproof.access('ann', 'access_it.order')$$);

-- Looking takes no transaction id, and leaves role and settings as they were.
SELECT set_config('app.tenant', 'mine', false);
BEGIN;
SELECT count(*) > 0 AS looked FROM rlsproof.access();
SELECT pg_current_xact_id_if_assigned() AS transaction_id, current_user = session_user AS same_user, current_setting('app.tenant') AS tenant;
ROLLBACK;
-- Nor does it need a transaction that may write.
BEGIN READ ONLY;
SELECT rows FROM rlsproof.access('ann', 'access_it.orders') WHERE command = 'SELECT';
ROLLBACK;
-- A grant that is taken away is gone from the next look.
REVOKE SELECT ON access_it.orders FROM regress_access_staff;
SELECT privilege, rows FROM rlsproof.access('ann', 'access_it.orders') WHERE command = 'SELECT';

SET client_min_messages = warning;
DROP SCHEMA access_it CASCADE;
DELETE FROM rlsproof.personas;
DROP ROLE regress_access_owner, regress_access_owner_too, regress_access_staff, regress_access_editors, regress_access_ann,
    regress_access_stiff, regress_access_columns, regress_access_auditor, regress_access_free, regress_access_nobody;
