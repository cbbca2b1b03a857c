-- Functions by which whoever calls them makes the server send something: a request, in its own name and with its own keys.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA net;
CREATE SCHEMA sending;
GRANT USAGE ON SCHEMA sending TO anon, authenticated;
CREATE FUNCTION sending.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
-- As pg_net has it.
CREATE SEQUENCE net.http_request_queue_id_seq;
CREATE FUNCTION net.http_post(url text, body jsonb DEFAULT '{}', params jsonb DEFAULT '{}', headers jsonb DEFAULT '{"Content-Type": "application/json"}')
    RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT nextval('net.http_request_queue_id_seq') $$;
SET search_path = sending;
CREATE TABLE deals (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TABLE settings (name text PRIMARY KEY, value text);
CREATE POLICY own ON deals USING (who = uid());
ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
ALTER TABLE settings ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON deals TO authenticated;
-- With the key of the role that no policy binds, for whomever the caller names. The payloads are {"role":"service_role"} and
-- {"role":"anon"}: the second of them everybody has.
CREATE FUNCTION bad_automation(kind text, data jsonb, org uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    PERFORM net.http_post(url := 'https://example.com/functions/v1/task', body := jsonb_build_object('kind', kind, 'data', data, 'org', org),
        headers := '{"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.x"}'::jsonb); END $$;
CREATE FUNCTION bad_with_public_key(data jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    PERFORM net.http_post('https://example.com/hook', data, '{}',
        jsonb_build_object('apikey', 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.x')); END $$;
-- By way of variables, and to wherever the caller says.
CREATE FUNCTION bad_anywhere(target text, path text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE
    address text := trim(target); payload jsonb; BEGIN
    payload := '{"hello": 1}'; payload := payload || jsonb_build_object('path', path);
    RETURN net.http_post(address || '/' || path, payload); END $$;
-- A helper that strangers may not call, with a key out of a setting.
CREATE FUNCTION post_it(function_name text, payload jsonb) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT net.http_post('https://example.com/' || function_name, payload, headers =>
        jsonb_build_object('Authorization', 'Bearer ' || current_setting('app.settings.service_role_key', true))) $$;
REVOKE EXECUTE ON FUNCTION post_it FROM PUBLIC;
CREATE FUNCTION bad_by_helper(text, note text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    RETURN sending.post_it('welcome', jsonb_build_object('to', $1, 'note', note)) > 0; END $$;
CREATE FUNCTION bad_on_schedule() RETURNS void LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT post_it('daily', '{}'); END;
CREATE FUNCTION bad_weighed(kind text, data jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF kind NOT IN ('welcome', 'reminder') THEN RAISE EXCEPTION 'no such kind'; END IF;
    PERFORM sending.post_it(kind, data); END $$;
CREATE FUNCTION bad_program() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    COPY (SELECT 1) TO PROGRAM 'mail root'; END $$;
-- What is not there is known by its name.
CREATE FUNCTION bad_elsewhere(data text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    RETURN (SELECT status FROM extensions.http_post('https://example.com', data, 'text/plain')); END $$;
-- Whether a word that is asked for turns anybody away is not known.
CREATE FUNCTION doubt_word(hook_secret text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF hook_secret IS DISTINCT FROM (SELECT value FROM sending.settings WHERE name = 'hook') THEN RAISE EXCEPTION 'no'; END IF;
    PERFORM sending.post_it('daily', '{}'); END $$;
-- Silent: a trigger's, one that looks at who is calling, one that nobody may call, one with its caller's rights, and one of whom
-- the name alone is like that.
CREATE FUNCTION good_trigger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    PERFORM sending.bad_automation('deal', to_jsonb(new), new.who); RETURN new; END $$;
CREATE TRIGGER on_deal AFTER INSERT ON deals FOR EACH ROW EXECUTE FUNCTION good_trigger();
CREATE FUNCTION good_asks(note text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF sending.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    RETURN sending.post_it('note', jsonb_build_object('note', note, 'who', sending.uid())); END $$;
CREATE FUNCTION good_revoked(note text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT sending.post_it(note, '{}') $$;
REVOKE EXECUTE ON FUNCTION good_revoked FROM PUBLIC;
CREATE FUNCTION good_invoker(note text) RETURNS bigint LANGUAGE sql AS $$ SELECT sending.post_it(note, '{}') $$;
CREATE FUNCTION http_post(note text) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$;
CREATE FUNCTION good_name(note text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT sending.http_post(note) $$;
RESET search_path;
\x on
SELECT level, object, message, detail FROM rlsproof.audit() WHERE object ~ 'rpc:sending' ORDER BY object COLLATE "C", rule COLLATE "C";
\x off
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon')
WHERE object ~ 'rpc:sending.*_(automation|by_helper|program|elsewhere|word|asks|name|invoker)\(' ORDER BY object COLLATE "C";
SELECT fix FROM rlsproof.lint('definer_request', 'rpc:sending.bad_on_schedule()');
-- What is meant is declared.
SELECT rlsproof.expect('anon', 'rpc:sending.bad_on_schedule()', 'EXECUTE', 'all');
SELECT verdict FROM rlsproof.verify('anon', 'rpc:sending.bad_on_schedule()');
DELETE FROM rlsproof.expectations;
DROP SCHEMA sending, net CASCADE;
DROP ROLE anon, authenticated;
