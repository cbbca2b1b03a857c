-- A claim or a setting of "*" may have any value: what one of the values reaches is reached, and the reason says which.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_any_app;
CREATE SCHEMA any_it;
GRANT USAGE ON SCHEMA any_it TO regress_any_app;
CREATE FUNCTION any_it.claim(what text) RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb ->> what $$;
CREATE TABLE any_it.reports (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE TABLE any_it.plans (id int PRIMARY KEY, tenant text NOT NULL);
CREATE TABLE any_it.logs (id int PRIMARY KEY, line text);
CREATE TABLE any_it.closed (id int PRIMARY KEY, line text);
ALTER TABLE any_it.reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE any_it.plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE any_it.logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE any_it.closed ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON any_it.reports USING (tenant = any_it.claim('tenant_id'));
CREATE POLICY own ON any_it.plans USING (tenant = any_it.claim('tenant_id') OR any_it.claim('tenant_id') = 'internal');
CREATE POLICY staff ON any_it.logs USING (current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'role' = 'staff');
CREATE POLICY nobody ON any_it.closed USING (false);
GRANT SELECT ON ALL TABLES IN SCHEMA any_it TO regress_any_app;
INSERT INTO any_it.reports VALUES (1, 'acme', 'a'), (2, 'bolt', 'b');
INSERT INTO any_it.plans VALUES (1, 'acme'), (2, 'bolt');
INSERT INTO any_it.logs VALUES (1, 'started');

SELECT rlsproof.persona('tenant', 'regress_any_app', '{"tenant_id": "*", "app_metadata": {"role": "user"}}');
SELECT rlsproof.persona('employee', 'regress_any_app', '{"tenant_id": "acme", "app_metadata": {"role": "*"}}');
SELECT rlsproof.scope('any_it.' || t, 'own', 'tenant = any_it.claim(''tenant_id'')') FROM unnest(ARRAY['reports', 'plans']) t;
SELECT rlsproof.expect('tenant', 'any_it.*', 'select', 'own') FROM (SELECT 1) x;
SELECT rlsproof.expect('tenant', 'any_it.logs', 'select', 'none');
SELECT rlsproof.expect('tenant', 'any_it.closed', 'select', 'none');
SELECT persona, object, expected, verdict, evidence, reason FROM rlsproof.verify(NULL, NULL, 'select')
WHERE object LIKE 'any_it.%' AND persona IN ('tenant', 'employee') ORDER BY persona COLLATE "C", object COLLATE "C";
SELECT witness -> 'claims' FROM rlsproof.verify('tenant', 'any_it.plans', 'select');
SELECT persona, object, rows FROM rlsproof.access(NULL, 'any_it.*') WHERE persona IN ('tenant', 'employee') AND command = 'SELECT';

DELETE FROM rlsproof.expectations; DELETE FROM rlsproof.scopes; DELETE FROM rlsproof.personas;
DROP SCHEMA any_it CASCADE;
DROP ROLE regress_any_app;
