-- What a helper answers is no value of the column that it is compared with: an empty array of uuids is no uuid.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_no_value_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_no_value_api;
CREATE SCHEMA no_value;
GRANT USAGE ON SCHEMA no_value TO anon, authenticated;
CREATE FUNCTION no_value.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE no_value.care (patient_id uuid NOT NULL, user_id uuid NOT NULL, PRIMARY KEY (patient_id, user_id));
CREATE TABLE no_value.patients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, history text);
ALTER TABLE no_value.care ENABLE ROW LEVEL SECURITY;
ALTER TABLE no_value.patients ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION no_value.my_patients() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT coalesce(array_agg(patient_id), '{}') FROM no_value.care WHERE user_id = no_value.uid() $$;
CREATE POLICY own ON no_value.patients FOR INSERT WITH CHECK (user_id = no_value.uid());
CREATE POLICY mine ON no_value.patients FOR SELECT USING (user_id = no_value.uid());
CREATE POLICY team ON no_value.patients FOR SELECT USING (id = ANY (no_value.my_patients()));
GRANT ALL ON ALL TABLES IN SCHEMA no_value TO anon, authenticated;
SELECT persona, command, verdict, evidence FROM rlsproof.verify(NULL, 'no_value.patients', 'insert');
SELECT rule, message FROM rlsproof.audit() WHERE object = 'no_value.patients' AND rule = 'broken';

-- A leak behind it is seen.
CREATE POLICY anybody ON no_value.patients FOR INSERT TO authenticated WITH CHECK (true);
SELECT persona, verdict, evidence FROM rlsproof.verify('outsider', 'no_value.patients', 'insert');

DROP SCHEMA no_value CASCADE;
DROP OWNED BY anon, authenticated;
DROP ROLE regress_no_value_api, anon, authenticated;
