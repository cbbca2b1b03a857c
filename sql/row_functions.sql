-- Policies that ask a function for a whole row: what it finds counts, a row of NULLs where it finds none, and a row that comes
-- as one value is not followed. None of them may stop the look.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_rows_app;
CREATE SCHEMA rows_it;
GRANT USAGE ON SCHEMA rows_it TO regress_rows_app;
CREATE TABLE rows_it.staff (id int PRIMARY KEY, account text UNIQUE, boss boolean NOT NULL DEFAULT false, branch int);
CREATE TABLE rows_it.shift (id int PRIMARY KEY, branch int);
CREATE TABLE rows_it.pay (id int PRIMARY KEY, branch int);
CREATE TABLE rows_it.open (id int PRIMARY KEY, branch int);
CREATE TABLE rows_it.first (id int PRIMARY KEY, branch int);
CREATE TABLE rows_it.whole (id int PRIMARY KEY, branch int);
CREATE FUNCTION rows_it.me() RETURNS rows_it.staff LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT s.* FROM rows_it.staff s WHERE s.account = current_setting('app.user_id', true) LIMIT 1 $$;
CREATE FUNCTION rows_it.any_of_branch(b int) RETURNS rows_it.staff LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT s.* FROM rows_it.staff s WHERE s.branch = b LIMIT 1 $$;
CREATE FUNCTION rows_it.me_as_value() RETURNS rows_it.staff LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT rows_it.me() $$;
ALTER TABLE rows_it.shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE rows_it.pay ENABLE ROW LEVEL SECURITY;
ALTER TABLE rows_it.open ENABLE ROW LEVEL SECURITY;
ALTER TABLE rows_it.first ENABLE ROW LEVEL SECURITY;
ALTER TABLE rows_it.whole ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_branch ON rows_it.shift USING (EXISTS (SELECT FROM rows_it.me() m WHERE m.branch = shift.branch));
CREATE POLICY bosses ON rows_it.pay USING (EXISTS (SELECT FROM rows_it.me() m WHERE m.boss AND m.branch = pay.branch));
CREATE POLICY nobody_is_somebody ON rows_it.open USING (EXISTS (SELECT FROM rows_it.me() m WHERE m.id IS NULL));
CREATE POLICY one_of_them ON rows_it.first
    USING (EXISTS (SELECT FROM rows_it.any_of_branch(first.branch) m WHERE m.account = current_setting('app.user_id', true)));
CREATE POLICY as_value ON rows_it.whole USING (EXISTS (SELECT FROM rows_it.me_as_value() m WHERE m.branch = whole.branch));
GRANT SELECT ON ALL TABLES IN SCHEMA rows_it TO regress_rows_app;
REVOKE ALL ON rows_it.staff FROM regress_rows_app;
SELECT rlsproof.persona('app', 'regress_rows_app', settings => '{"app.user_id": "app-1"}');
SELECT rlsproof.scope('rows_it.shift', 'own', 'branch in (select s.branch from rows_it.staff s where s.account = ''app-1'')');
SELECT rlsproof.expect('app', 'rows_it.shift', 'select', 'own');
SELECT object, direction, verdict, reason FROM rlsproof.prove('app', NULL, 'select') WHERE object LIKE 'rows_it.%' AND object <> 'rows_it.staff';
SELECT object, verdict, evidence FROM rlsproof.verify('outsider', NULL, 'select') WHERE object LIKE 'rows_it.%';
DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
DROP SCHEMA rows_it CASCADE;
DROP ROLE regress_rows_app;
