-- What is sent at sign-up and counts only beside something else: a role that is taken with a code, or together with the
-- kind of account and whatever else has to be there. A code that is kept in a table is not guessed.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA k;
GRANT USAGE ON SCHEMA auth, k TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, raw_user_meta_data jsonb);
CREATE TABLE k.profiles (id uuid PRIMARY KEY REFERENCES auth.users, full_name text);
CREATE TABLE k.codes (code text PRIMARY KEY);
CREATE TABLE k.user_roles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES auth.users, role text NOT NULL);
CREATE TABLE k.records (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid REFERENCES auth.users, body text);
CREATE FUNCTION k.has_role(r text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = k
    AS $$ SELECT EXISTS (SELECT FROM user_roles WHERE user_id = auth.uid() AND role = r) $$;
ALTER TABLE k.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE k.codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE k.user_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE k.records ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON k.profiles FOR SELECT USING (id = auth.uid());
CREATE POLICY own ON k.user_roles FOR SELECT USING (user_id = auth.uid());
CREATE POLICY own ON k.records FOR SELECT USING (owner_id = auth.uid() OR k.has_role('agent'));
GRANT SELECT ON k.profiles, k.user_roles, k.records TO authenticated;
-- A trigger that gives the role on that condition.
CREATE PROCEDURE k.gives_role(condition text) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format($f$CREATE OR REPLACE FUNCTION k.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = k AS $body$
        DECLARE meta jsonb := new.raw_user_meta_data; wanted text; code text;
        BEGIN
            wanted := meta ->> 'role'; code := meta ->> 'invite_code';
            INSERT INTO profiles (id, full_name) VALUES (new.id, meta ->> 'full_name');
            IF %s THEN INSERT INTO user_roles (user_id, role) VALUES (new.id, wanted); END IF;
            RETURN new;
        END $body$ $f$, condition);
END $make$;
CREATE FUNCTION k.told() RETURNS TABLE (level text, message text, detail text) LANGUAGE sql AS
    $$ SELECT level, message, detail FROM rlsproof.audit() WHERE rule = 'forgeable_claim' $$;
CALL k.gives_role($$wanted IS NOT NULL AND code = 'AGENTS24'$$);
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION k.handle_new_user();
SELECT * FROM k.told();
CALL k.gives_role($$wanted IS NOT NULL AND meta ->> 'account_type' = 'business'$$);
SELECT * FROM k.told();
CALL k.gives_role($$wanted IS NOT NULL AND meta ->> 'company' IS NOT NULL$$);
SELECT * FROM k.told();
CALL k.gives_role($$wanted IS NOT NULL AND meta ->> 'account_type' = 'business' AND meta ->> 'company' IS NOT NULL$$);
SELECT * FROM k.told();
-- Only who was told a code, or nobody.
CALL k.gives_role($$wanted IS NOT NULL AND EXISTS (SELECT FROM codes c WHERE c.code = meta ->> 'invite_code')$$);
SELECT * FROM k.told();
CALL k.gives_role($$wanted = 'reader' AND meta ->> 'account_type' = 'business'$$);
SELECT * FROM k.told();
DROP SCHEMA k, auth CASCADE;
DROP ROLE anon, authenticated;
