-- What a persona comes to reach by writing what it may: opened by one write, with the write; or by none, and what that takes.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_esc_app;
CREATE SCHEMA esc;
GRANT USAGE ON SCHEMA esc TO regress_esc_app;
CREATE FUNCTION esc.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = esc;
SELECT rlsproof.persona('regress_ann', 'regress_esc_app', '{"sub": "a0000000-0000-4000-8000-000000000001"}');
CREATE FUNCTION opened(wanted text) RETURNS TABLE (object text, command text, verdict text, reason text)
    LANGUAGE sql SET search_path = '' AS $$
    -- Which of several states is shown, and what a proof names, is the solver's choice.
    SELECT e.object, e.command, e.verdict,
           regexp_replace(regexp_replace(e.reason, '(update|insert into|delete from) (\S+) .*', '\1 \2 ...'), ': uses .*', '')
    FROM rlsproof.escalation('regress_ann') e
    WHERE e.object ~ ('^esc\.(' || wanted || ')$') ORDER BY e.object COLLATE "C", e.command COLLATE "C" $$;

-- Whoever may change the role in its own profile makes itself an administrator.
CREATE TABLE profile (id uuid PRIMARY KEY, role text NOT NULL DEFAULT 'user', name text);
CREATE TABLE doc (id int PRIMARY KEY, body text);
ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON profile FOR SELECT USING (id = esc.uid());
CREATE POLICY change ON profile FOR UPDATE USING (id = esc.uid()) WITH CHECK (id = esc.uid());
CREATE POLICY admins ON doc FOR SELECT USING (EXISTS (SELECT FROM esc.profile p WHERE p.id = esc.uid() AND p.role = 'admin'));
GRANT SELECT, UPDATE ON profile TO regress_esc_app;
GRANT SELECT ON doc TO regress_esc_app;
SELECT * FROM opened('doc|profile');
SELECT witness ->> 'script' ~ 'set local role regress_esc_app;\nupdate esc.profile set role = .*;\nselect \* from esc.doc;\nrollback;' AS can_be_pasted
    FROM rlsproof.escalation('regress_ann', 'esc.doc', 'select');
-- The same behind a function with rights of its own.
CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.profile p WHERE p.id = esc.uid() AND p.role = 'admin') $$;
ALTER POLICY admins ON doc USING (esc.is_admin());
SELECT object, verdict FROM opened('doc');
-- The column taken away, a check that keeps it, or a trigger: nothing opens. A trigger that is off keeps nothing.
REVOKE UPDATE ON profile FROM regress_esc_app;
GRANT UPDATE (name) ON profile TO regress_esc_app;
SELECT * FROM opened('doc');
GRANT UPDATE ON profile TO regress_esc_app;
CREATE FUNCTION my_role() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT p.role FROM esc.profile p WHERE p.id = esc.uid() $$;
ALTER POLICY change ON profile WITH CHECK (id = esc.uid() AND role = esc.my_role());
SELECT * FROM opened('doc');
ALTER POLICY change ON profile WITH CHECK (id = esc.uid());
CREATE FUNCTION keep_role() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.role <> OLD.role THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON profile FOR EACH ROW EXECUTE FUNCTION keep_role();
SELECT * FROM opened('doc');
ALTER TABLE profile DISABLE TRIGGER keep;
SELECT object, verdict FROM opened('doc');
DROP TRIGGER keep ON profile;
-- A volatile function sees what its own statement has done so far.
ALTER FUNCTION my_role() VOLATILE;
ALTER POLICY change ON profile WITH CHECK (id = esc.uid() AND role = esc.my_role());
SELECT * FROM opened('doc');
ALTER POLICY change ON profile USING (id = esc.uid() AND EXISTS (SELECT FROM esc.profile));
SELECT * FROM opened('doc');
ALTER FUNCTION my_role() STABLE;
ALTER POLICY change ON profile USING (id = esc.uid());

-- Whoever may write itself into a membership invites itself.
CREATE TABLE org (id int PRIMARY KEY, owner uuid);
CREATE TABLE member (org int NOT NULL REFERENCES org ON DELETE CASCADE, who uuid NOT NULL, role text NOT NULL, PRIMARY KEY (org, who));
CREATE TABLE task (id int PRIMARY KEY, org int NOT NULL REFERENCES org, title text);
CREATE FUNCTION my_orgs(wanted text) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT m.org FROM esc.member m WHERE m.who = esc.uid() AND (wanted IS NULL OR m.role = wanted) $$;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON member FOR SELECT USING (who = esc.uid());
CREATE POLICY join_it ON member FOR INSERT WITH CHECK (who = esc.uid());
CREATE POLICY see ON task FOR SELECT USING (org IN (SELECT esc.my_orgs(NULL)));
CREATE POLICY put ON task FOR INSERT WITH CHECK (org IN (SELECT esc.my_orgs('admin')));
CREATE POLICY turn ON task FOR UPDATE USING (org IN (SELECT esc.my_orgs('admin')));
CREATE POLICY gone ON task FOR DELETE USING (org IN (SELECT esc.my_orgs('admin')));
GRANT SELECT ON org TO regress_esc_app;
GRANT SELECT, INSERT ON member TO regress_esc_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON task TO regress_esc_app;
SELECT * FROM opened('task|member');
-- Invited by an administrator of the same organisation alone.
ALTER POLICY join_it ON member WITH CHECK (org IN (SELECT esc.my_orgs('admin')));
SELECT * FROM opened('task|member');
SELECT rlsproof.scope('esc.task', 'mine', 'org IN (SELECT m.org FROM esc.member m WHERE m.who = esc.uid())');
SELECT rlsproof.expect('regress_ann', 'esc.task', 'all', 'mine');
SELECT * FROM opened('task');
-- A member moves its own membership to another organisation.
CREATE POLICY move ON member FOR UPDATE USING (who = esc.uid()) WITH CHECK (who = esc.uid());
GRANT UPDATE (role) ON member TO regress_esc_app;
SELECT * FROM opened('task');
GRANT UPDATE (org) ON member TO regress_esc_app;
SELECT object, command, verdict FROM opened('task');
DROP POLICY move ON member;

-- What shuts somebody out can be taken away: by a DELETE of its own, or along with what it refers to.
CREATE TABLE forum (id int PRIMARY KEY, owner uuid);
CREATE TABLE ban (id int PRIMARY KEY, forum int REFERENCES forum ON DELETE CASCADE, who uuid NOT NULL);
CREATE TABLE post (id int PRIMARY KEY, body text);
ALTER TABLE ban ENABLE ROW LEVEL SECURITY;
ALTER TABLE forum ENABLE ROW LEVEL SECURITY;
ALTER TABLE post ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION banned() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.ban b WHERE b.who = esc.uid()) $$;
CREATE POLICY see ON post FOR SELECT USING (NOT esc.banned());
CREATE POLICY gone ON ban FOR DELETE USING (who = esc.uid());
CREATE POLICY gone ON forum FOR DELETE USING (owner = esc.uid());
GRANT SELECT ON post TO regress_esc_app;
SELECT object, verdict, reason FROM opened('post');
GRANT DELETE ON ban TO regress_esc_app;
SELECT object, verdict, reason FROM opened('post');
REVOKE DELETE ON ban FROM regress_esc_app;
GRANT DELETE ON forum TO regress_esc_app;
SELECT object, verdict, reason FROM opened('post');
ALTER TABLE ban DROP CONSTRAINT ban_forum_fkey, ADD FOREIGN KEY (forum) REFERENCES forum;
SELECT object, verdict, reason FROM opened('post');

-- A row that is not written may be changed by what it refers to.
CREATE TABLE folder (id int PRIMARY KEY, owner uuid NOT NULL);
CREATE TABLE paper (id int PRIMARY KEY, folder int REFERENCES folder ON DELETE SET NULL);
ALTER TABLE folder ENABLE ROW LEVEL SECURITY;
ALTER TABLE paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY gone ON folder FOR DELETE USING (owner = esc.uid());
CREATE POLICY see ON paper FOR SELECT USING (folder IS NULL);
GRANT DELETE ON folder TO regress_esc_app;
GRANT SELECT ON paper TO regress_esc_app;
SELECT * FROM opened('paper');
-- What a new row refers to may be made by the same statement.
CREATE TABLE club (id int PRIMARY KEY);
CREATE TABLE seat (club int NOT NULL REFERENCES club, who uuid NOT NULL);
CREATE TABLE wall (id int PRIMARY KEY, club int);
ALTER TABLE seat ENABLE ROW LEVEL SECURITY;
ALTER TABLE wall ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION no_club(c int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT NOT EXISTS (SELECT FROM esc.club x WHERE x.id = c) $$;
CREATE FUNCTION in_club(c int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.seat s WHERE s.who = esc.uid() AND s.club = c) $$;
CREATE POLICY sit ON seat FOR INSERT WITH CHECK (esc.no_club(club));
CREATE POLICY see ON wall FOR SELECT USING (esc.in_club(club));
GRANT INSERT ON club, seat TO regress_esc_app;
GRANT SELECT ON wall TO regress_esc_app;
SELECT object, verdict FROM opened('wall');
-- A write may come before the time at which it counts.
CREATE TABLE pass (id int PRIMARY KEY, who uuid NOT NULL, starts timestamptz NOT NULL);
CREATE TABLE gig (id int PRIMARY KEY);
ALTER TABLE pass ENABLE ROW LEVEL SECURITY;
ALTER TABLE gig ENABLE ROW LEVEL SECURITY;
CREATE POLICY book ON pass FOR INSERT WITH CHECK (who = esc.uid() AND starts > now());
CREATE FUNCTION has_pass() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.pass p WHERE p.who = esc.uid() AND p.starts <= now()) $$;
CREATE POLICY see ON gig FOR SELECT USING (esc.has_pass());
GRANT INSERT ON pass TO regress_esc_app;
GRANT SELECT ON gig TO regress_esc_app;
SELECT * FROM opened('gig');
-- No policy stops a TRUNCATE.
GRANT TRUNCATE ON ban TO regress_esc_app;
SELECT object, verdict, reason FROM opened('post');
REVOKE TRUNCATE ON ban FROM regress_esc_app;

-- Somebody whom rows name as an administrator opens things by right: that is for a person to declare.
CREATE TABLE role (who uuid PRIMARY KEY, role text NOT NULL);
CREATE TABLE grp (id int PRIMARY KEY);
CREATE TABLE grp_member (grp int NOT NULL, who uuid NOT NULL, PRIMARY KEY (grp, who));
CREATE TABLE letter (id int PRIMARY KEY, grp int NOT NULL);
ALTER TABLE grp_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION has_role(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.role r WHERE r.who = esc.uid() AND r.role = wanted) $$;
CREATE FUNCTION in_grp(g int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM esc.grp_member m WHERE m.who = esc.uid() AND m.grp = g) $$;
CREATE POLICY add_them ON grp_member FOR INSERT WITH CHECK (esc.has_role('admin'));
CREATE POLICY see ON letter FOR SELECT USING (esc.in_grp(grp));
GRANT INSERT ON grp_member TO regress_esc_app;
GRANT SELECT ON letter TO regress_esc_app;
SELECT * FROM opened('letter');
SELECT rlsproof.expect('regress_ann', 'esc.letter', 'select', 'none');
SELECT object, verdict FROM opened('letter');

-- What else may write there is said, and nothing is proved of it: views, functions, partitions, triggers.
CREATE TABLE setting (id uuid PRIMARY KEY, level int NOT NULL);
ALTER TABLE setting ENABLE ROW LEVEL SECURITY;
CREATE TABLE secret (id int PRIMARY KEY);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON setting USING (id = esc.uid());
CREATE POLICY see ON secret FOR SELECT USING (EXISTS (SELECT FROM esc.setting s WHERE s.id = esc.uid() AND s.level > 3));
GRANT SELECT ON secret, setting TO regress_esc_app;
SELECT * FROM opened('secret');
CREATE VIEW settings AS SELECT * FROM setting;
GRANT SELECT, UPDATE ON settings TO regress_esc_app;
SELECT * FROM opened('secret');
REVOKE UPDATE ON settings FROM regress_esc_app;
-- A view that only shows what others have stops nothing.
CREATE VIEW both_of_them AS SELECT s.id, c.id AS secret FROM setting s, secret c;
GRANT ALL ON both_of_them TO regress_esc_app;
CREATE FUNCTION raise_me() RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE esc.setting SET level = 9 WHERE id = esc.uid() $$;
SELECT * FROM opened('secret');
REVOKE EXECUTE ON FUNCTION raise_me() FROM PUBLIC;
GRANT DELETE ON setting TO regress_esc_app;
SELECT * FROM opened('secret');
CREATE TABLE setting_part (CHECK (level > 100)) INHERITS (setting);
GRANT INSERT ON setting_part TO regress_esc_app;
SELECT * FROM opened('secret');
DROP TABLE setting_part;
CREATE TABLE heard (id uuid);
CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO esc.heard VALUES (OLD.id); RETURN NULL; END $$;
CREATE TRIGGER hear AFTER DELETE ON setting FOR EACH ROW EXECUTE FUNCTION hear();
SELECT * FROM opened('secret');
-- The script is what any solver answers.
SELECT rlsproof.obligation('regress_ann', 'esc.secret', 'select', 'no growth') ~ 'what a statement may do to esc.setting' AS says_what_may_change;
SELECT rlsproof.obligation('regress_ann', 'esc.secret', 'select', 'up');
RESET search_path;
DROP SCHEMA esc CASCADE;
DELETE FROM rlsproof.personas WHERE name = 'regress_ann';
DELETE FROM rlsproof.scopes WHERE relation ~ '^esc';
DELETE FROM rlsproof.expectations WHERE object ~ '^esc';
DROP ROLE regress_esc_app;
