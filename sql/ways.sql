-- Policies that lead back to themselves: the reason names the way they take, through other tables and through functions.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_cycle_app;
CREATE SCHEMA cycle_it;
GRANT USAGE ON SCHEMA cycle_it TO regress_cycle_app;
CREATE TABLE cycle_it.a (id int, b int);
CREATE TABLE cycle_it.b (id int, a int);
CREATE TABLE cycle_it.outside (id int);
CREATE TABLE cycle_it.self (id int);
CREATE TABLE cycle_it.called (id int);
CREATE TABLE cycle_it.fine (id int);
ALTER TABLE cycle_it.a ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_it.b ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_it.outside ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_it.self ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_it.called ENABLE ROW LEVEL SECURITY;
ALTER TABLE cycle_it.fine ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_b ON cycle_it.a USING (EXISTS (SELECT FROM cycle_it.b));
CREATE POLICY "by a" ON cycle_it.b FOR SELECT USING (EXISTS (SELECT FROM cycle_it.a WHERE a.id = b.a));
CREATE POLICY not_asked ON cycle_it.b FOR DELETE USING (EXISTS (SELECT FROM cycle_it.fine));
CREATE POLICY by_a ON cycle_it.outside USING (EXISTS (SELECT FROM cycle_it.a));
CREATE POLICY by_itself ON cycle_it.self USING (id IN (SELECT s.id FROM cycle_it.self s));
CREATE FUNCTION cycle_it.any_called() RETURNS boolean LANGUAGE plpgsql STABLE
    AS $$ BEGIN RETURN EXISTS (SELECT FROM cycle_it.called); END $$;
CREATE FUNCTION cycle_it.any_fine() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN EXISTS (SELECT FROM cycle_it.fine); END $$;
CREATE POLICY by_call ON cycle_it.called USING (cycle_it.any_called());
CREATE POLICY by_call ON cycle_it.fine USING (NOT cycle_it.any_fine());
GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA cycle_it TO regress_cycle_app;
SELECT rlsproof.persona('app', 'regress_cycle_app');
SELECT object, command, verdict, reason FROM rlsproof.verify('app') WHERE object LIKE 'cycle_it.%' AND verdict <> 'ok';
SELECT object, level, rule, message FROM rlsproof.audit() WHERE object = 'cycle_it.outside' AND rule = 'broken';
DELETE FROM rlsproof.personas;
DROP SCHEMA cycle_it CASCADE;
DROP ROLE regress_cycle_app;

-- Through views that can be written rows are put in as well: a view with its owner's rights, one with the caller's, a view of
-- a view with other names for the columns; and what a view hides is told from what it has not got.
CREATE ROLE regress_cycle_app;
CREATE SCHEMA view_it;
GRANT USAGE ON SCHEMA view_it TO regress_cycle_app;
CREATE TABLE view_it.orders (id int PRIMARY KEY, buyer uuid NOT NULL, memo text NOT NULL, paid boolean NOT NULL DEFAULT false);
ALTER TABLE view_it.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON view_it.orders USING (buyer::text = current_setting('app.user_id', true));
CREATE VIEW view_it.as_owner AS SELECT * FROM view_it.orders;
CREATE VIEW view_it.as_caller WITH (security_invoker = true) AS SELECT * FROM view_it.orders;
CREATE VIEW view_it.renamed AS SELECT o.memo AS what, o.id AS number, o.buyer AS whose FROM view_it.as_owner o;
CREATE VIEW view_it.part AS SELECT id, memo FROM view_it.orders;
CREATE VIEW view_it.checked AS SELECT * FROM view_it.orders WHERE memo = 'of nobody' WITH CHECK OPTION;
CREATE VIEW view_it.read_only AS SELECT DISTINCT memo FROM view_it.orders;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA view_it TO regress_cycle_app;
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify('outsider')
WHERE object LIKE 'view_it.%' AND object <> 'view_it.orders' AND command IN ('SELECT', 'INSERT');
-- What is read with the caller's rights is what the caller reaches anyway, though no column says whose it is; unless a function
-- with rights of its own has a say in it.
CREATE TABLE view_it.staff (who uuid PRIMARY KEY, boss boolean NOT NULL DEFAULT false);
ALTER TABLE view_it.staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON view_it.staff FOR SELECT USING (who::text = current_setting('app.user_id', true));
CREATE POLICY bosses ON view_it.orders FOR SELECT USING (EXISTS (SELECT FROM view_it.staff s
    WHERE s.who::text = current_setting('app.user_id', true) AND s.boss));
CREATE FUNCTION view_it.memo_of(wanted int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT o.memo FROM view_it.orders o WHERE o.id = wanted $$;
REVOKE EXECUTE ON FUNCTION view_it.memo_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION view_it.memo_of TO regress_cycle_app;
CREATE VIEW view_it.no_names WITH (security_invoker = true) AS SELECT id, memo FROM view_it.orders;
CREATE VIEW view_it.told WITH (security_invoker = true) AS SELECT o.id, view_it.memo_of(o.id) AS memo FROM view_it.orders o;
GRANT SELECT ON view_it.staff, view_it.no_names, view_it.told TO regress_cycle_app;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('newcomer')
WHERE object IN ('view_it.no_names', 'view_it.told') AND command = 'SELECT';
SELECT witness ->> 'statement' FROM rlsproof.verify('outsider', 'view_it.renamed', 'insert');
SELECT count(*) FROM view_it.orders;

-- Whoever says nothing of a tenant falls back to one: a row of that tenant is made to see it.
CREATE TABLE view_it.invoices (id int PRIMARY KEY, tenant text NOT NULL);
ALTER TABLE view_it.invoices ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION view_it.tenant() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('app.tenant', true), ''), 'demo') $$;
CREATE POLICY own ON view_it.invoices USING (tenant = coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'tenant', 'demo'));
GRANT SELECT ON view_it.invoices TO regress_cycle_app;
SELECT verdict, evidence, reason FROM rlsproof.verify('outsider', 'view_it.invoices', 'select');
DROP SCHEMA view_it CASCADE;
DROP ROLE regress_cycle_app;
