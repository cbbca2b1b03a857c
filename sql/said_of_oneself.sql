-- What everybody may say of himself turns nobody away: a header whose word everybody knows, and the end of an e-mail address.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_oneself_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_oneself_api;
CREATE SCHEMA oneself;
GRANT USAGE ON SCHEMA oneself TO anon, authenticated;
SET search_path = oneself;
CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION email() RETURNS text LANGUAGE sql STABLE AS $$ SELECT oneself.claims() ->> 'email' $$;
CREATE TABLE conditions (name text PRIMARY KEY, condition text NOT NULL, restrictive boolean NOT NULL DEFAULT false);
INSERT INTO conditions VALUES
    ('bad_origin', $$current_setting('request.headers', true)::json ->> 'origin' = 'https://app.example.com'$$),
    ('bad_listed', $$current_setting('request.headers', true)::json ->> 'Referer' IN ('https://a.example.com', 'https://b.example.com')$$),
    ('bad_like', $$current_setting('request.headers', true)::json ->> 'user-agent' LIKE 'OurApp/%'$$),
    ('bad_signed_in', $$claims() IS NOT NULL AND current_setting('request.headers', true)::json ->> 'host' = 'api.example.com'$$),
    ('bad_end', $$claims() ->> 'email' LIKE '%corp.com'$$),
    ('bad_end_any_case', $$email() ILIKE '%corp.com'$$),
    ('good_secret', $$current_setting('request.headers', true)::json ->> 'x-api-key' = 's3cret'$$),
    ('good_own_origin', $$who::text = claims() ->> 'sub' AND current_setting('request.headers', true)::json ->> 'origin' = 'https://app.example.com'$$),
    ('good_end', $$email() LIKE '%@corp.com'$$),
    ('good_own_end', $$who::text = claims() ->> 'sub' AND email() LIKE '%corp.com'$$);
DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT * FROM conditions LOOP
        EXECUTE format('CREATE TABLE oneself.%I (id uuid PRIMARY KEY, who uuid NOT NULL)', c.name);
        EXECUTE format('ALTER TABLE oneself.%I ENABLE ROW LEVEL SECURITY', c.name);
        EXECUTE format('CREATE POLICY p ON oneself.%I FOR SELECT USING (%s)', c.name, c.condition);
    END LOOP;
END $$;
CREATE TABLE good_restricted (id uuid PRIMARY KEY, who uuid NOT NULL);
ALTER TABLE good_restricted ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON good_restricted FOR SELECT USING (who::text = claims() ->> 'sub');
CREATE POLICY app ON good_restricted AS RESTRICTIVE FOR SELECT USING (current_setting('request.headers', true)::json ->> 'origin' = 'https://app.example.com');
GRANT SELECT ON ALL TABLES IN SCHEMA oneself TO anon, authenticated;
RESET search_path;
SELECT object, level, message FROM rlsproof.lint('forgeable_claim') WHERE object LIKE 'oneself.%' ORDER BY object COLLATE "C";
DROP SCHEMA oneself CASCADE;
DROP ROLE regress_oneself_api, anon, authenticated;
