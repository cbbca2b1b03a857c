-- Rows of one's own by which somebody else sees less of what is his: whoever may not see a project says who may not.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA take;
GRANT USAGE ON SCHEMA take TO anon, authenticated;
SET search_path = take;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE person (id uuid PRIMARY KEY);
CREATE POLICY own ON person FOR SELECT USING (id = uid());
CREATE TABLE team (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE member (team uuid REFERENCES team, who uuid REFERENCES person, rank text NOT NULL DEFAULT 'member' CHECK (rank IN ('owner', 'member')), PRIMARY KEY (team, who));
CREATE FUNCTION is_member(p_team uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM take.member m WHERE m.team = p_team AND m.who = take.uid()) $$;
CREATE FUNCTION is_owner(p_team uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM take.member m WHERE m.team = p_team AND m.who = take.uid() AND m.rank = 'owner') $$;
CREATE FUNCTION found_team(p_name text) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE t uuid; BEGIN
    IF take.uid() IS NULL THEN RAISE EXCEPTION 'not signed in'; END IF;
    INSERT INTO take.team (name) VALUES (p_name) RETURNING id INTO t;
    INSERT INTO take.member VALUES (t, take.uid(), 'owner'); RETURN t; END $$;
CREATE POLICY seen ON team FOR SELECT USING (is_member(id));
CREATE POLICY seen ON member FOR SELECT USING (is_member(team));
CREATE TABLE project (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, name text NOT NULL);
CREATE POLICY seen ON project FOR SELECT USING (is_member(team));
CREATE FUNCTION of_project(p uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT team FROM take.project WHERE id = p $$;
-- Bad: the owner of any team says who does not see any project; one word against it is enough.
CREATE TABLE access (team uuid REFERENCES team, project_key text, who uuid, can_see boolean NOT NULL DEFAULT true,
    PRIMARY KEY (team, project_key, who), FOREIGN KEY (team, who) REFERENCES member);
CREATE FUNCTION can_see(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT coalesce((SELECT bool_and(a.can_see) FROM take.access a WHERE a.project_key = p::text AND a.who = take.uid()), true) $$;
CREATE POLICY seen ON access FOR SELECT USING (is_member(team));
CREATE POLICY owner ON access FOR INSERT WITH CHECK (is_owner(team));
CREATE TABLE entry (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project uuid NOT NULL REFERENCES project, words text);
CREATE POLICY seen ON entry FOR SELECT USING (is_member(of_project(project)) AND can_see(project));
-- Good: the same, and whose project it is, is asked.
CREATE TABLE denial (project uuid REFERENCES project, who uuid REFERENCES person, PRIMARY KEY (project, who));
CREATE POLICY seen ON denial FOR SELECT USING (who = uid() OR is_owner(of_project(project)));
CREATE POLICY owner ON denial FOR INSERT WITH CHECK (is_owner(of_project(project)));
CREATE TABLE paper (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project uuid NOT NULL REFERENCES project);
CREATE POLICY seen ON paper FOR SELECT USING (is_member(of_project(project))
    AND NOT EXISTS (SELECT FROM denial d WHERE d.project = paper.project AND d.who = uid()));
-- Bad: anybody bans anybody. Good: a trigger lets nobody be banned but by whom he has to do with.
CREATE TABLE ban (by uuid REFERENCES person, who uuid REFERENCES person, PRIMARY KEY (by, who));
CREATE POLICY seen ON ban FOR SELECT USING (who = uid() OR by = uid());
CREATE POLICY own ON ban FOR INSERT WITH CHECK (by = uid());
CREATE TABLE diary (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), of uuid NOT NULL REFERENCES person, words text);
CREATE POLICY seen ON diary FOR SELECT USING (of = uid() AND NOT EXISTS (SELECT FROM ban b WHERE b.who = uid()));
CREATE TABLE mute (by uuid REFERENCES person, who uuid REFERENCES person, PRIMARY KEY (by, who));
CREATE POLICY seen ON mute FOR SELECT USING (who = uid() OR by = uid());
CREATE POLICY own ON mute FOR INSERT WITH CHECK (by = uid());
CREATE FUNCTION of_one_team() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM take.member a JOIN take.member b USING (team) WHERE a.who = NEW.by AND b.who = NEW.who)
        THEN RAISE EXCEPTION 'of another team'; END IF; RETURN NEW; END $$;
CREATE TRIGGER of_one_team BEFORE INSERT ON mute FOR EACH ROW EXECUTE FUNCTION of_one_team();
CREATE TABLE letter (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), of uuid NOT NULL REFERENCES person);
CREATE POLICY seen ON letter FOR SELECT USING (of = uid() AND NOT EXISTS (SELECT FROM mute m WHERE m.who = uid()));
-- Good: whoever blocks somebody takes his own things out of sight; a room that is free may be taken.
CREATE TABLE block (by uuid REFERENCES person, who uuid REFERENCES person, PRIMARY KEY (by, who));
CREATE POLICY own ON block FOR SELECT USING (by = uid() OR who = uid());
CREATE POLICY own_new ON block FOR INSERT WITH CHECK (by = uid());
CREATE TABLE post (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), by uuid NOT NULL REFERENCES person, for_all boolean NOT NULL);
CREATE POLICY seen ON post FOR SELECT USING (by = uid() OR for_all AND NOT EXISTS (SELECT FROM block b WHERE b.by = post.by AND b.who = uid()));
CREATE TABLE room (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE booking (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), room uuid NOT NULL REFERENCES room, by uuid NOT NULL REFERENCES person);
CREATE POLICY all_of_them ON booking FOR SELECT USING (true);
CREATE POLICY own ON booking FOR INSERT WITH CHECK (by = uid());
CREATE POLICY free ON room FOR SELECT USING (uid() IS NOT NULL AND NOT EXISTS (SELECT FROM booking b WHERE b.room = room.id));
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'take'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA take TO authenticated;
RESET search_path;
SELECT object, level, message, detail FROM rlsproof.audit() WHERE rule IN ('open', 'writable_authority') AND object <> 'take.booking' ORDER BY object COLLATE "C";
SELECT object, verdict, reason FROM rlsproof.verify('newcomer') WHERE object IN ('take.denial', 'take.mute', 'take.block') AND command = 'INSERT' ORDER BY 1;
DROP SCHEMA take CASCADE;
DROP ROLE anon, authenticated;
