-- A role held in one tenant that counts in all of them: whoever founds a tenant has it. The tenant that is asked for as well
-- is no such thing, and neither is a role that is held in no tenant, or that says that it is meant for all.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA rank_it;
GRANT USAGE ON SCHEMA rank_it TO anon, authenticated;
CREATE FUNCTION rank_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = rank_it;
-- Members of teams. Tasks are shown to members, and to whoever is an admin somewhere; notes to members, and to admins of theirs.
CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE member (team int NOT NULL REFERENCES team, who uuid NOT NULL, role text NOT NULL DEFAULT 'reader' CHECK (role IN ('admin', 'superadmin', 'reader')),
    keeper boolean NOT NULL DEFAULT false, PRIMARY KEY (team, who));
CREATE TABLE task (id int PRIMARY KEY, team int NOT NULL REFERENCES team, title text);
CREATE TABLE note (id int PRIMARY KEY, team int NOT NULL REFERENCES team, title text);
CREATE TABLE bin (id int PRIMARY KEY, team int NOT NULL REFERENCES team, title text);
CREATE TABLE ledger (id int PRIMARY KEY, team int NOT NULL REFERENCES team, title text);
CREATE FUNCTION in_team(t int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM rank_it.member m WHERE m.team = t AND m.who = rank_it.uid()) $$;
CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM rank_it.member m WHERE m.who = rank_it.uid() AND m.role = 'admin') $$;
CREATE FUNCTION is_admin_of(t int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM rank_it.member m WHERE m.team = t AND m.who = rank_it.uid() AND m.role = 'admin') $$;
CREATE POLICY own ON member FOR SELECT USING (who = uid());
CREATE POLICY of_team ON task FOR SELECT USING (in_team(team));
CREATE POLICY of_admins ON task FOR ALL USING (is_admin());
CREATE POLICY of_team ON note FOR SELECT USING (in_team(team));
CREATE POLICY of_admins ON note FOR ALL USING (is_admin_of(team));
-- What is not seen may be removed all the same.
CREATE POLICY of_team ON bin FOR SELECT USING (in_team(team));
CREATE POLICY of_keepers ON bin FOR DELETE USING (EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.keeper));
CREATE POLICY of_team ON ledger FOR SELECT USING (in_team(team));
CREATE POLICY of_all ON ledger FOR SELECT USING (EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.role = 'superadmin'));
-- Who may be of no firm may be meant to see all of them: a note. A role without a tenant says nothing of one.
CREATE TABLE firm (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE person (who uuid PRIMARY KEY, firm int REFERENCES firm, role text NOT NULL DEFAULT 'clerk' CHECK (role IN ('boss', 'clerk')));
CREATE TABLE staff (who uuid PRIMARY KEY, role text NOT NULL DEFAULT 'helper' CHECK (role IN ('lead', 'helper')));
CREATE TABLE bill (id int PRIMARY KEY, firm int NOT NULL REFERENCES firm, total int);
CREATE TABLE ticket (id int PRIMARY KEY, firm int NOT NULL REFERENCES firm, words text);
CREATE POLICY own ON person FOR SELECT USING (who = uid());
CREATE POLICY own ON staff FOR SELECT USING (who = uid());
CREATE POLICY of_firm ON bill FOR SELECT USING (firm = (SELECT p.firm FROM person p WHERE p.who = uid()));
CREATE POLICY of_boss ON bill FOR SELECT USING ((SELECT p.role FROM person p WHERE p.who = uid()) = 'boss');
CREATE POLICY of_firm ON ticket FOR SELECT USING (firm = (SELECT p.firm FROM person p WHERE p.who = uid()));
CREATE POLICY of_lead ON ticket FOR SELECT USING ((SELECT s.role FROM staff s WHERE s.who = uid()) = 'lead');
ALTER TABLE member ADD FOREIGN KEY (team) REFERENCES team; -- once more, and told once
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE bin ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE firm ENABLE ROW LEVEL SECURITY;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE bill ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rank_it TO authenticated;
RESET search_path;
SELECT rule, level, message FROM rlsproof.audit() WHERE object LIKE 'rank\_it.%' AND rule <> 'policy_scans' ORDER BY rule, level, message;
SELECT detail, hint FROM rlsproof.audit() WHERE rule = 'role_without_tenant' ORDER BY object, message;
-- The same asked for by functions: any admin, and then one of the team that the row is of; any admin who is shown notes; what
-- says that it is meant for all; who may be of no firm; and what is of no team.
CREATE TABLE rank_it.sign (id int PRIMARY KEY, title text);
ALTER TABLE rank_it.sign ENABLE ROW LEVEL SECURITY;
SET search_path = rank_it;
CREATE FUNCTION any_admin_closes(p_note int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.role = 'admin') THEN RAISE EXCEPTION 'admins alone'; END IF;
  UPDATE note SET title = 'closed' WHERE id = p_note; END $$;
CREATE FUNCTION admin_of_it_closes(p_note int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM member m JOIN note n ON n.team = m.team WHERE n.id = p_note AND m.who = uid() AND m.role = 'admin') THEN
    RAISE EXCEPTION 'admins alone'; END IF;
  UPDATE note SET title = 'closed' WHERE id = p_note; END $$;
CREATE FUNCTION any_keeper_reads() RETURNS SETOF note LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.keeper) THEN RAISE EXCEPTION 'keepers alone'; END IF;
  RETURN QUERY SELECT * FROM note; END $$;
CREATE FUNCTION keeper_of_it_reads(p_team int) RETURNS SETOF note LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rank_it AS $$
  SELECT n.* FROM note n JOIN member m ON m.team = n.team WHERE n.team = p_team AND m.who = uid() AND m.keeper $$;
CREATE FUNCTION superadmin_closes(p_note int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.role = 'superadmin') THEN RAISE EXCEPTION 'no'; END IF;
  UPDATE note SET title = 'closed' WHERE id = p_note; END $$;
CREATE FUNCTION any_boss_pays(p_bill int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF (SELECT p.role FROM person p WHERE p.who = uid()) IS DISTINCT FROM 'boss' THEN RAISE EXCEPTION 'no'; END IF;
  UPDATE bill SET total = 0 WHERE id = p_bill; END $$;
CREATE FUNCTION any_admin_renames(p_sign int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = rank_it AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM member m WHERE m.who = uid() AND m.role = 'admin') THEN RAISE EXCEPTION 'admins alone'; END IF;
  UPDATE sign SET title = 'new' WHERE id = p_sign; END $$;
RESET search_path;
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'role_without_tenant' AND object LIKE 'rpc:%' ORDER BY object;
SELECT DISTINCT regexp_replace(detail, '\d+\)', '...)') AS detail, hint FROM rlsproof.audit() WHERE rule = 'role_without_tenant' AND object LIKE '%closes%';
SELECT object, verdict, reason FROM rlsproof.verify('newcomer') WHERE command = 'EXECUTE' AND object ~ 'closes|reads|pays|renames' ORDER BY object;
DROP SCHEMA rank_it CASCADE;
DROP ROLE authenticated, anon;
