-- What only the server's settings know: a key to other services, which no caller of an API can ask for, and which says
-- nothing of who is calling.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE regress_key_web LOGIN NOINHERIT;
CREATE ROLE regress_key_office LOGIN;
GRANT anon TO regress_key_web;
CREATE SCHEMA keys;
GRANT USAGE ON SCHEMA keys TO anon, regress_key_office;
CREATE FUNCTION keys.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
-- Told to whoever asks, whatever rights it runs with, and through another function.
CREATE FUNCTION keys.told() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.settings.service_role_key', true); END $$;
CREATE FUNCTION keys.headers(kind text DEFAULT 'json') RETURNS jsonb LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT jsonb_build_object('type', kind, 'apikey', keys.told()) $$;
-- Kept, asked of who is calling, or no key at all.
CREATE FUNCTION keys.length_of() RETURNS int LANGUAGE sql AS $$ SELECT length(current_setting('app.settings.service_role_key', true)) $$;
CREATE FUNCTION keys.checked() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF keys.uid() IS NULL THEN RAISE EXCEPTION 'who are you?'; END IF;
    RETURN current_setting('app.settings.service_role_key', true); END $$;
CREATE FUNCTION keys.place() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('app.settings.project_url', true) $$;
-- It looks at nobody, for all its settings.
CREATE TABLE keys.jobs (id int PRIMARY KEY, who uuid NOT NULL, state text NOT NULL DEFAULT 'waiting');
ALTER TABLE keys.jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON keys.jobs USING (who = keys.uid());
CREATE FUNCTION keys.run_jobs() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    PERFORM keys.told();
    PERFORM current_setting('server_version');
    UPDATE keys.jobs SET state = 'sent' WHERE state = 'never'; END $$;
CREATE FUNCTION keys.run_my_jobs() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    PERFORM keys.told();
    UPDATE keys.jobs SET state = 'sent' WHERE state = 'never' AND who = keys.uid(); END $$;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon') WHERE object LIKE 'rpc:keys.%' ORDER BY object COLLATE "C";
SELECT rule, level, object FROM rlsproof.audit() WHERE object LIKE 'rpc:keys.%' ORDER BY object COLLATE "C", rule;
-- Whoever connects may ask for every setting.
SELECT rlsproof.persona('office', 'regress_key_office');
SELECT object, verdict, evidence FROM rlsproof.verify('office', 'rpc:keys.told()');
DELETE FROM rlsproof.personas;
DROP SCHEMA keys CASCADE;
DROP ROLE anon, regress_key_web, regress_key_office;
