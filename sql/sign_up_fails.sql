-- Whether anybody can sign up at all: an account with an address and no metadata is put in, as whoever keeps the accounts
-- and with the names that are found there, and is gone again. What a trigger refuses in words of its own is meant so.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE regress_fails_keeper;
CREATE SCHEMA auth AUTHORIZATION regress_fails_keeper;
CREATE SCHEMA f;
ALTER ROLE regress_fails_keeper SET search_path = auth;
GRANT USAGE ON SCHEMA auth, f TO anon, authenticated;
GRANT USAGE ON SCHEMA f TO regress_fails_keeper;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, phone text, raw_app_meta_data jsonb, raw_user_meta_data jsonb);
ALTER TABLE auth.users OWNER TO regress_fails_keeper;
CREATE TYPE f.kind AS ENUM ('student', 'tutor');
CREATE TABLE f.plans (name text PRIMARY KEY);
CREATE TABLE f.profiles (id uuid PRIMARY KEY REFERENCES auth.users, full_name text, kind f.kind, plan text REFERENCES f.plans, age int);
ALTER TABLE f.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON f.profiles FOR SELECT USING (id = auth.uid());
GRANT SELECT ON f.profiles TO authenticated;
CREATE PROCEDURE f.does(body text, how text DEFAULT $$SECURITY DEFINER SET search_path = ''$$) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format($f$CREATE OR REPLACE FUNCTION f.handle_new_user() RETURNS trigger LANGUAGE plpgsql %s AS $body$ BEGIN
        %s
        RETURN new;
    END $body$ $f$, how, body);
END $make$;
CREATE FUNCTION f.told() RETURNS TABLE (level text, category text, object text, message text, detail text, hint text) LANGUAGE sql AS
    $$ SELECT level, category, object, message, detail, hint FROM rlsproof.audit() WHERE rule = 'broken' $$;
-- As it should be.
CALL f.does($$INSERT INTO f.profiles (id, full_name) VALUES (new.id, new.raw_user_meta_data ->> 'full_name');$$);
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION f.handle_new_user();
SELECT * FROM f.told();
-- A column, a table that is not there.
CALL f.does($$INSERT INTO f.profiles (id, fullname) VALUES (new.id, 'x');$$);
SELECT * FROM f.told();
CALL f.does($$INSERT INTO f.people (id) VALUES (new.id);$$);
SELECT * FROM f.told();
-- A function that is not there may be an extension's.
CALL f.does($$PERFORM f.welcomes(new.id);$$);
SELECT level, message FROM f.told();
-- Looked up where the keeper looks; with the keeper's rights.
CALL f.does($$INSERT INTO profiles (id) VALUES (new.id);$$, 'SECURITY DEFINER');
SELECT level, message FROM f.told();
CALL f.does($$INSERT INTO f.profiles (id) VALUES (new.id);$$, '');
SELECT level, message, hint FROM f.told();
-- What is a failure only of a sign-up without metadata.
ALTER TABLE f.profiles ALTER full_name SET NOT NULL;
CALL f.does($$INSERT INTO f.profiles (id, full_name) VALUES (new.id, new.raw_user_meta_data ->> 'full_name');$$);
SELECT level, message, detail FROM f.told();
CALL f.does($$INSERT INTO f.profiles (id, full_name, age) VALUES (new.id, '', coalesce(new.raw_user_meta_data ->> 'age', '')::int);$$);
SELECT level, message, detail FROM f.told();
ALTER TABLE f.profiles ALTER kind SET NOT NULL;
CALL f.does($$INSERT INTO f.profiles (id, full_name, kind) VALUES (new.id, '', (new.raw_user_meta_data ->> 'kind')::f.kind);$$);
SELECT level, message, detail FROM f.told();
-- Whatever is sent.
CALL f.does($$INSERT INTO f.profiles (id, full_name, kind) VALUES (new.id, new.phone, 'student');$$);
SELECT level, message, hint FROM f.told();
-- What is not there yet may be there elsewhere.
CALL f.does($$INSERT INTO f.profiles (id, full_name, kind, plan) VALUES (new.id, '', 'student', 'free');$$);
SELECT level, message, detail FROM f.told();
INSERT INTO f.plans VALUES ('free');
SELECT level, message FROM f.told();
-- Not for everybody, and said so; errors that nobody hears of.
CALL f.does($$IF new.email NOT LIKE '%@office.invalid' THEN RAISE EXCEPTION 'colleagues only'; END IF;$$);
SELECT level, message FROM f.told();
CALL f.does($$BEGIN INSERT INTO f.people (id) VALUES (new.id); EXCEPTION WHEN OTHERS THEN NULL; END;$$);
SELECT level, message FROM f.told();
SELECT (SELECT count(*) FROM auth.users) AS accounts, (SELECT count(*) FROM f.profiles) AS profiles;
DROP SCHEMA f, auth CASCADE;
DROP ROLE anon, authenticated, regress_fails_keeper;
