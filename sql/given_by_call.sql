-- A call that gives whoever makes it what policies ask for, and that nobody asks for anything: told as what it is, and not as a role
-- that its caller has chosen. Who says himself what he is to be has chosen.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA given_it;
GRANT USAGE ON SCHEMA given_it TO authenticated;
SET search_path = given_it;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE people (id uuid PRIMARY KEY);
CREATE TABLE user_roles (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL REFERENCES people, role_name text NOT NULL, UNIQUE (user_id, role_name));
CREATE TABLE permissions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES people, module_name text NOT NULL,
    can_view bool DEFAULT false, UNIQUE (user_id, module_name));
CREATE TABLE clients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, owner_id uuid REFERENCES people);
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'given_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON user_roles FOR SELECT USING (user_id = uid());
CREATE POLICY own ON permissions FOR SELECT USING (user_id = uid());
CREATE POLICY allowed ON clients FOR SELECT USING (EXISTS (SELECT FROM permissions p WHERE p.user_id = uid() AND p.module_name = 'clientes' AND p.can_view));
CREATE FUNCTION on_login() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = given_it AS $$ DECLARE v uuid := uid(); BEGIN
  IF v IS NULL THEN RAISE EXCEPTION 'nobody'; END IF;
  INSERT INTO permissions (user_id, module_name, can_view) VALUES (v, 'clientes', true) ON CONFLICT DO NOTHING; END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA given_it FROM PUBLIC;
GRANT EXECUTE ON FUNCTION on_login(), uid() TO authenticated;
RESET search_path;
SELECT level, rule, object, message, detail, hint FROM rlsproof.audit() WHERE object ~ 'rpc:given_it' AND level <> 'note';
DROP FUNCTION given_it.on_login();
CREATE FUNCTION given_it.take(module text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = given_it AS $$ DECLARE v uuid := uid(); BEGIN
  IF v IS NULL THEN RAISE EXCEPTION 'nobody'; END IF;
  INSERT INTO permissions (user_id, module_name, can_view) VALUES (v, module, true) ON CONFLICT DO NOTHING; END $$;
REVOKE EXECUTE ON FUNCTION given_it.take(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION given_it.take(text) TO authenticated;
SELECT level, rule, object, message, detail FROM rlsproof.audit() WHERE object ~ 'rpc:given_it' AND level <> 'note';
DROP SCHEMA given_it CASCADE;
DROP ROLE authenticated, anon;
