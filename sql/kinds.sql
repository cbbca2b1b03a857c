-- What one may choose to be by signing up, and what that opens: other kinds than the one that is given without asking.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA kinds;
GRANT USAGE ON SCHEMA kinds TO anon, authenticated;
CREATE FUNCTION kinds.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = kinds;
CREATE TABLE account (id uuid PRIMARY KEY, raw_user_meta_data jsonb);
CREATE TABLE profile (id uuid PRIMARY KEY REFERENCES account, kind text NOT NULL DEFAULT 'patient' CHECK (kind IN ('patient', 'doctor', 'admin')), name text);
CREATE TABLE patient (id int PRIMARY KEY, person uuid NOT NULL UNIQUE REFERENCES profile);
CREATE TABLE treats (patient int NOT NULL REFERENCES patient, doctor uuid NOT NULL REFERENCES profile, PRIMARY KEY (patient, doctor));
CREATE TABLE record (id int PRIMARY KEY, patient int NOT NULL REFERENCES patient, body text);
CREATE TABLE salary (id int PRIMARY KEY, person uuid NOT NULL REFERENCES profile, amount int);
-- Two kinds may be chosen: neither a word of its own, nor the one that is set over others.
CREATE FUNCTION signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO kinds.profile (id, kind) VALUES (NEW.id, CASE WHEN NEW.raw_user_meta_data ->> 'kind' = 'doctor' THEN 'doctor' ELSE 'patient' END);
    RETURN NEW;
END $$;
CREATE TRIGGER signed_up AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION signed_up();
CREATE POLICY own ON account FOR SELECT USING (id = uid());
CREATE POLICY own ON profile FOR SELECT USING (id = uid());
CREATE POLICY own ON patient USING (person = uid());
CREATE POLICY own ON treats FOR SELECT USING (doctor = uid());
CREATE POLICY doctors ON treats FOR INSERT WITH CHECK (doctor = uid() AND EXISTS (SELECT FROM profile p WHERE p.id = uid() AND p.kind = 'doctor'));
CREATE POLICY seen ON record FOR SELECT USING (patient IN (SELECT p.id FROM patient p WHERE p.person = uid()) OR patient IN (SELECT t.patient FROM treats t WHERE t.doctor = uid()));
CREATE POLICY seen ON salary FOR SELECT USING (person = uid() OR EXISTS (SELECT FROM profile p WHERE p.id = uid() AND p.kind = 'admin'));
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['account', 'profile', 'patient', 'treats', 'record', 'salary'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kinds TO authenticated;
RESET search_path;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer') WHERE object IN ('kinds.treats', 'kinds.salary') AND verdict <> 'ok';
-- Where the trigger takes what is sent by a way of its own, whoever sends the word is it.
CREATE OR REPLACE FUNCTION kinds.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO kinds.profile (id, kind) VALUES (NEW.id, CASE WHEN NEW.raw_user_meta_data ->> 'kind' = 'admin' THEN 'admin' ELSE 'patient' END);
    RETURN NEW;
END $$;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
-- Where the word is copied, that is the hole; that admins let doctors in is meant.
CREATE OR REPLACE FUNCTION kinds.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO kinds.profile (id, kind) VALUES (NEW.id, coalesce(NEW.raw_user_meta_data ->> 'kind', 'patient'));
    RETURN NEW;
END $$;
DROP POLICY doctors ON kinds.treats;
CREATE POLICY admins ON kinds.treats FOR INSERT WITH CHECK (EXISTS (SELECT FROM kinds.profile p WHERE p.id = kinds.uid() AND p.kind = 'admin'));
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
-- Not of owners: people do sign up as such, and what they may do besides is told.
ALTER TABLE kinds.profile DROP CONSTRAINT profile_kind_check, ADD CHECK (kind IN ('patient', 'doctor', 'admin', 'owner'));
ALTER POLICY admins ON kinds.treats WITH CHECK (doctor = kinds.uid() AND EXISTS (SELECT FROM kinds.profile p WHERE p.id = kinds.uid() AND p.kind = 'owner'));
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
-- And where it takes nothing, there is one kind.
CREATE OR REPLACE FUNCTION kinds.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO kinds.profile (id, name) VALUES (NEW.id, NEW.raw_user_meta_data ->> 'name');
    RETURN NEW;
END $$;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
DROP SCHEMA kinds CASCADE;
DROP ROLE authenticated, anon;
