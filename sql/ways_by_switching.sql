-- Functions that write into their caller's own row which team it is in, where policies go by that and no foreign key says what a team is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA switched;
GRANT USAGE ON SCHEMA switched TO authenticated;
CREATE FUNCTION switched.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = switched;
CREATE TABLE people (id uuid PRIMARY KEY, name text, team uuid, place text, guarded uuid, colour uuid);
CREATE TABLE members (who uuid NOT NULL, team uuid NOT NULL, PRIMARY KEY (who, team));
CREATE TABLE teams (id uuid PRIMARY KEY, name text);
CREATE TABLE papers (id uuid PRIMARY KEY, team uuid NOT NULL, body text);
CREATE TABLE maps (id uuid PRIMARY KEY, place text NOT NULL, body text);
CREATE TABLE vaults (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES teams, body text);
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON members FOR SELECT USING (who = uid());
CREATE POLICY same ON papers FOR SELECT USING (team = (SELECT p.team FROM people p WHERE p.id = uid()));
CREATE POLICY same ON maps FOR SELECT USING (place = (SELECT p.place FROM people p WHERE p.id = uid()));
CREATE POLICY same ON vaults FOR SELECT USING (team = (SELECT p.guarded FROM people p WHERE p.id = uid())
    AND EXISTS (SELECT FROM members m WHERE m.who = uid() AND m.team = vaults.team));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'switched'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION by_argument(p_team uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    UPDATE people SET team = p_team WHERE id = uid(); END $$;
CREATE FUNCTION by_coalesce(p_name text, p_team uuid DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    UPDATE people SET name = p_name, team = coalesce(p_team, team) WHERE id = uid(); END $$;
CREATE FUNCTION by_word(p_place text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    UPDATE people SET place = p_place WHERE id = uid(); END $$;
-- It asks, policies ask, or it decides about nothing.
CREATE FUNCTION not_colour(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    UPDATE people SET colour = p WHERE id = uid(); END $$;
CREATE FUNCTION not_guarded(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    UPDATE people SET guarded = p WHERE id = uid(); END $$;
CREATE FUNCTION not_of_others(p_team uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = switched AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM members WHERE who = uid() AND members.team = p_team) THEN RAISE EXCEPTION 'not yours'; END IF;
    UPDATE people SET team = p_team WHERE id = uid(); END $$;
CREATE FUNCTION not_of_others_in_silence(p_team uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = switched AS $$
    UPDATE people SET team = p_team WHERE id = uid() AND p_team IN (SELECT m.team FROM members m WHERE m.who = uid()) $$;
SELECT format('REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO authenticated', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace = 'switched'::regnamespace AND p.prosecdef ORDER BY p.proname \gexec
RESET search_path;
SELECT rule, level, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') OR (object LIKE 'rpc:%' AND level <> 'note')
ORDER BY object COLLATE "C";
DROP SCHEMA switched CASCADE;
DROP ROLE anon, authenticated;
