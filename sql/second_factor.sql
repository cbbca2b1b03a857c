-- A second factor that is confirmed by whoever has the first: a row of one's own, in a table that says by its name that a session
-- was verified, shows what is one's own again. What opens one's own things otherwise is meant as a rule.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA factors;
GRANT USAGE ON SCHEMA factors TO authenticated;
CREATE FUNCTION factors.claim(name text) RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> name $$;
CREATE FUNCTION factors.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT factors.claim('sub')::uuid $$;
SET search_path = factors;
CREATE TABLE users (id uuid PRIMARY KEY, two_factor_enabled boolean NOT NULL DEFAULT false);
CREATE POLICY own ON users FOR SELECT USING (id = uid());
-- Tables of a session's verification, and what is shown by each.
DO $do$
DECLARE kind text; BEGIN
    FOREACH kind IN ARRAY ARRAY['bad_2fa_sessions', 'bad_mfa_waiting', 'bad_verified_sessions', 'good_mfa_by_function', 'good_mfa_aal2',
                                'good_mfa_triggered', 'good_mfa_idle', 'good_terms']
    LOOP
        EXECUTE format($$CREATE TABLE %1$I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users,
            session_id text NOT NULL, verified boolean NOT NULL DEFAULT true, expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day',
            UNIQUE (user_id, session_id))$$, kind);
        EXECUTE format('CREATE POLICY own ON %I FOR SELECT USING (user_id = uid())', kind);
        EXECUTE format($$CREATE FUNCTION %1$I_passed() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = factors AS
            'SELECT EXISTS (SELECT FROM %1$I WHERE user_id = uid() AND session_id = claim(''session_id'') AND verified AND expires_at > now())'$$, kind);
        EXECUTE format('CREATE TABLE of_%I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES users, title text)', kind);
        EXECUTE format('CREATE POLICY own ON of_%I USING (owner = uid())', kind);
        IF kind <> 'good_mfa_idle' THEN
            EXECUTE format('CREATE POLICY second ON of_%1$I AS RESTRICTIVE USING (%1$I_passed())', kind);
        END IF;
    END LOOP;
END $do$;
-- Asked of those who have switched it on.
CREATE OR REPLACE FUNCTION bad_2fa_sessions_passed() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = factors AS $$ BEGIN
    IF NOT coalesce((SELECT two_factor_enabled FROM users WHERE id = uid()), false) THEN RETURN true; END IF;
    RETURN EXISTS (SELECT FROM bad_2fa_sessions WHERE user_id = uid() AND session_id = claim('session_id') AND expires_at > now()); END $$;
CREATE POLICY put ON bad_2fa_sessions FOR INSERT WITH CHECK (user_id = uid());
CREATE POLICY put ON bad_verified_sessions FOR INSERT WITH CHECK (user_id = uid() AND session_id = claim('session_id'));
-- The server puts it in, and the caller says that it is done.
CREATE POLICY done ON bad_mfa_waiting FOR UPDATE USING (user_id = uid());
-- Somebody who has shown it already may; nobody may but a function; a trigger says no; nothing goes by it; and what is accepted
-- is no second factor.
CREATE POLICY put ON good_mfa_aal2 FOR INSERT WITH CHECK (user_id = uid() AND claim('aal') = 'aal2');
CREATE FUNCTION confirm(code text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = factors AS $$ BEGIN
    IF code IS DISTINCT FROM md5(uid()::text) THEN RAISE EXCEPTION 'wrong code'; END IF;
    INSERT INTO good_mfa_by_function (user_id, session_id) VALUES (uid(), claim('session_id')); END $$;
CREATE POLICY put ON good_mfa_triggered FOR INSERT WITH CHECK (user_id = uid());
CREATE FUNCTION checked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF claim('aal') IS DISTINCT FROM 'aal2' THEN RAISE EXCEPTION 'not yet' USING ERRCODE = '42501'; END IF; RETURN new; END $$;
CREATE TRIGGER checked BEFORE INSERT ON good_mfa_triggered FOR EACH ROW EXECUTE FUNCTION checked();
CREATE POLICY put ON good_mfa_idle FOR INSERT WITH CHECK (user_id = uid());
CREATE POLICY put ON good_terms FOR INSERT WITH CHECK (user_id = uid());
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'factors'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
\x on
SELECT rule, level, object, message, evidence, regexp_replace(detail, '5ca1ab1e[-0-9a-f]+', '...', 'g') AS detail, fix FROM rlsproof.audit()
WHERE rule ~ 'writable_authority|self_' AND object ~ '^factors' ORDER BY object COLLATE "C";
\x off
-- Nothing is left of it, and nobody else's row was reached by it.
SELECT DISTINCT verdict FROM rlsproof.verify() WHERE object ~ '^factors\.of_' AND command = 'SELECT';
SELECT count(*) FROM factors.bad_2fa_sessions;
DROP SCHEMA factors CASCADE;
DROP ROLE anon, authenticated;
