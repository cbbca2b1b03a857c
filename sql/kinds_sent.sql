-- What one may choose to be by signing up, where what is sent goes through a flag, as a whole row, as a list, or through a helper:
-- it is not read off the trigger, and signing up with it is seen to give it.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA sent;
GRANT USAGE ON SCHEMA sent TO anon, authenticated;
CREATE FUNCTION sent.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = sent;
CREATE TABLE account (id uuid PRIMARY KEY, raw_user_meta_data jsonb);
CREATE TABLE profile (id uuid PRIMARY KEY REFERENCES account, name text NOT NULL, kind text NOT NULL DEFAULT 'guest');
CREATE TABLE badge (who uuid NOT NULL REFERENCES account, kind text NOT NULL, PRIMARY KEY (who, kind));
CREATE TABLE salary (id int PRIMARY KEY, person uuid NOT NULL REFERENCES profile, amount int);
CREATE FUNCTION signed_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION give(whom uuid, what text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS
    $$ INSERT INTO sent.badge VALUES (whom, what) ON CONFLICT DO NOTHING $$;
REVOKE EXECUTE ON FUNCTION give(uuid, text) FROM PUBLIC;
CREATE TRIGGER signed_up AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION signed_up();
CREATE POLICY own ON account FOR SELECT USING (id = uid());
CREATE POLICY own ON profile FOR SELECT USING (id = uid());
CREATE POLICY own ON badge FOR SELECT USING (who = uid());
CREATE POLICY own ON salary FOR SELECT USING (person = uid());
CREATE POLICY admins ON salary FOR SELECT USING (EXISTS (SELECT FROM profile p WHERE p.id = uid() AND p.kind = 'admin'));
CREATE POLICY badges ON salary FOR SELECT USING (EXISTS (SELECT FROM badge b WHERE b.who = uid() AND b.kind = 'admin'));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'sent'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told(body text) RETURNS TABLE (level text, message text) LANGUAGE plpgsql AS $make$ BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION sent.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '''' AS $f$ BEGIN %s RETURN NEW; END $f$', body);
    RETURN QUERY SELECT a.level, a.message FROM rlsproof.audit() a WHERE a.rule = 'forgeable_claim' OR (a.rule = 'unknown' AND a.object = 'sent.badge');
END $make$;
-- A flag; one that gives no more than others have.
SELECT * FROM pg_temp.told($$ INSERT INTO sent.profile VALUES (NEW.id, coalesce(NEW.raw_user_meta_data ->> 'name', '-'),
    CASE WHEN (NEW.raw_user_meta_data ->> 'staff')::boolean THEN 'admin' ELSE 'guest' END); $$);
SELECT * FROM pg_temp.told($$ INSERT INTO sent.profile VALUES (NEW.id, coalesce(NEW.raw_user_meta_data ->> 'name', '-'),
    CASE WHEN (NEW.raw_user_meta_data ->> 'staff')::boolean THEN 'staff' ELSE 'guest' END); $$);
-- As a row, with a name that has to be said; but for the kind.
SELECT * FROM pg_temp.told($$ INSERT INTO sent.profile SELECT * FROM jsonb_populate_record(NULL::sent.profile, NEW.raw_user_meta_data || jsonb_build_object('id', NEW.id, 'name', NEW.raw_user_meta_data ->> 'name')); $$);
SELECT * FROM pg_temp.told($$ INSERT INTO sent.profile SELECT * FROM jsonb_populate_record(NULL::sent.profile, NEW.raw_user_meta_data || jsonb_build_object('id', NEW.id, 'name', '-', 'kind', 'guest')); $$);
-- A list; of those that all may have.
SELECT * FROM pg_temp.told($$ INSERT INTO sent.badge SELECT NEW.id, b FROM jsonb_array_elements_text(NEW.raw_user_meta_data -> 'badges') b; $$);
SELECT * FROM pg_temp.told($$ INSERT INTO sent.badge SELECT NEW.id, b FROM jsonb_array_elements_text(NEW.raw_user_meta_data -> 'badges') b WHERE b = ANY (ARRAY['guest', 'swimmer']); $$);
-- Through a helper; what it is told comes from elsewhere.
SELECT * FROM pg_temp.told($$ PERFORM sent.give(NEW.id, NEW.raw_user_meta_data ->> 'badge'); $$);
SELECT * FROM pg_temp.told($$ PERFORM sent.give(NEW.id, CASE WHEN NEW.raw_user_meta_data ->> 'badge' = 'swimmer' THEN 'swimmer' ELSE 'guest' END); $$);
DROP SCHEMA sent CASCADE;
DROP ROLE authenticated, anon;
