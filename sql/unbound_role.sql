-- Policies that bind nobody who connects.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_unbound LOGIN;
CREATE SCHEMA unbound;
GRANT USAGE ON SCHEMA unbound TO regress_unbound;
CREATE TABLE unbound.bills (id int PRIMARY KEY, tenant int NOT NULL);
ALTER TABLE unbound.bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON unbound.bills USING (tenant = nullif(current_setting('app.tenant', true), '')::int);
-- It owns the table.
ALTER TABLE unbound.bills OWNER TO regress_unbound;
SELECT level, object, message, fix FROM rlsproof.audit() WHERE rule = 'unbound_role';
-- Somebody else connects: it is whoever migrates.
CREATE ROLE regress_bound;
CREATE ROLE regress_bound_web LOGIN;
GRANT regress_bound TO regress_bound_web;
GRANT USAGE ON SCHEMA unbound TO regress_bound;
GRANT SELECT ON unbound.bills TO regress_bound;
SELECT level, object FROM rlsproof.audit() WHERE rule = 'unbound_role';
REVOKE ALL ON unbound.bills FROM regress_bound;
-- Mended as it says.
SELECT fix FROM rlsproof.lint('unbound_role') \gexec
SELECT level, object FROM rlsproof.lint('unbound_role');
-- It is exempt, and may read the table.
ALTER TABLE unbound.bills OWNER TO CURRENT_USER;
ALTER ROLE regress_unbound BYPASSRLS;
SELECT level, object FROM rlsproof.lint('unbound_role');
GRANT SELECT ON unbound.bills TO regress_unbound;
SELECT level, object, message, fix FROM rlsproof.lint('unbound_role');
DROP SCHEMA unbound CASCADE;
DROP ROLE regress_unbound, regress_bound, regress_bound_web;
