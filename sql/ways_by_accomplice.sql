-- A plain member who lets another account in as more than it is itself: INSERT asks whether it belongs to the team, and not
-- for the role that it gives. The same by an UPDATE of somebody else's row, and by a function.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA second_me;
GRANT USAGE ON SCHEMA second_me TO anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA second_me GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA second_me REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE FUNCTION second_me.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
GRANT EXECUTE ON FUNCTION second_me.uid TO authenticated;
SET search_path = second_me;
-- One team for each way, alike but for who may write to its members: INSERT, then UPDATE.
CREATE TABLE ways (name text, role_type text, put_in text, change text);
INSERT INTO ways VALUES
  ('any_member', $$text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'guest'))$$, 'is_in(team)', NULL),
  ('no_default', $$text NOT NULL CHECK (role IN ('admin', 'member'))$$, 'is_in(team)', NULL),
  ('raises_others', $$text NOT NULL DEFAULT 'member'$$, NULL, 'is_in(team) AND who <> uid()'),
  -- What is right: only admins, only the role that everybody has, only the role that is one's own.
  ('good_admins', $$text NOT NULL DEFAULT 'member'$$, 'is_admin(team)', 'is_admin(team)'),
  ('good_word', $$text NOT NULL DEFAULT 'member'$$, $$is_in(team) AND role = 'member'$$, $$is_in(team) AND role = 'member'$$),
  ('good_guests', $$text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'guest'))$$, $$is_in(team) AND role <> 'admin'$$, NULL),
  ('good_own', $$text NOT NULL DEFAULT 'member'$$, 'role = role_in(team)', 'role = role_in(team)'),
  -- A trigger that keeps the role as it is, or gives everybody the plain one.
  ('good_trigger', $$text NOT NULL DEFAULT 'member'$$, 'is_in(team)', 'is_in(team)');
CREATE FUNCTION second_me.build(w ways) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format($f$
    CREATE SCHEMA second_me_%1$s;
    GRANT USAGE ON SCHEMA second_me_%1$s TO authenticated;
    SET LOCAL search_path = second_me_%1$s, second_me;
    CREATE TABLE team (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
    CREATE TABLE member (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, who uuid NOT NULL, role %2$s, UNIQUE (team, who));
    CREATE TABLE doc (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, body text);
    ALTER TABLE team ENABLE ROW LEVEL SECURITY;
    ALTER TABLE member ENABLE ROW LEVEL SECURITY;
    ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
    CREATE FUNCTION is_in(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = second_me_%1$s
        AS $b$ SELECT EXISTS (SELECT FROM member m WHERE m.team = t AND m.who = second_me.uid()) $b$;
    CREATE FUNCTION is_admin(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = second_me_%1$s
        AS $b$ SELECT EXISTS (SELECT FROM member m WHERE m.team = t AND m.who = second_me.uid() AND m.role = 'admin') $b$;
    CREATE FUNCTION role_in(t uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = second_me_%1$s
        AS $b$ SELECT m.role FROM member m WHERE m.team = t AND m.who = second_me.uid() $b$;
    CREATE POLICY seen ON team FOR SELECT USING (is_in(id));
    CREATE POLICY seen ON member FOR SELECT USING (who = uid() OR is_in(team));
    CREATE POLICY seen ON doc FOR SELECT USING (is_in(team));
    CREATE POLICY gone ON doc FOR DELETE USING (is_admin(team));
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA second_me_%1$s TO authenticated$f$, w.name, w.role_type);
  IF w.put_in IS NOT NULL THEN EXECUTE format('CREATE POLICY put_in ON member FOR INSERT WITH CHECK (%s)', w.put_in); END IF;
  IF w.change IS NOT NULL THEN EXECUTE format('CREATE POLICY change ON member FOR UPDATE USING (%s)', w.change); END IF;
  IF w.name = 'good_trigger' THEN
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN new.role := 'member'; RETURN new; END $f$;
    CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION keep();
  END IF;
END $$;
SELECT count(build(w)) FROM ways w;
RESET search_path;
SELECT rule, object, message, regexp_replace(detail, '''[0-9a-f-]{36}''', '...', 'g') AS detail
FROM rlsproof.audit() WHERE object LIKE 'second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer')
WHERE object ~ '^second_me_.*member$' AND command IN ('INSERT', 'UPDATE') AND verdict <> 'ok' ORDER BY object, command;
SELECT format('DROP SCHEMA second_me_%s CASCADE', name) FROM second_me.ways \gexec

-- Whoever is a member is known by an account; a flag makes him more; and so does a state, which is asked beside it. A role that
-- is asked for nowhere opens nothing.
SET search_path = second_me;
CREATE TABLE account (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL UNIQUE, name text);
CREATE TABLE club (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE joined (club uuid NOT NULL REFERENCES club, account uuid NOT NULL REFERENCES account, status text NOT NULL DEFAULT 'asked', is_head boolean NOT NULL DEFAULT false,
    colour text NOT NULL DEFAULT 'red', PRIMARY KEY (club, account));
CREATE TABLE book (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), club uuid NOT NULL REFERENCES club, title text);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE club ENABLE ROW LEVEL SECURITY;
ALTER TABLE joined ENABLE ROW LEVEL SECURITY;
ALTER TABLE book ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION in_club(c uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = second_me AS $$
  SELECT EXISTS (SELECT FROM joined j JOIN account a ON a.id = j.account WHERE j.club = c AND a.who = uid() AND j.status = 'active') $$;
CREATE FUNCTION heads(c uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = second_me AS $$
  SELECT EXISTS (SELECT FROM joined j JOIN account a ON a.id = j.account WHERE j.club = c AND a.who = uid() AND j.status = 'active' AND j.is_head) $$;
GRANT EXECUTE ON FUNCTION in_club, heads TO authenticated;
CREATE POLICY own ON account FOR SELECT USING (who = uid());
CREATE POLICY seen ON club FOR SELECT USING (in_club(id));
CREATE POLICY seen ON joined FOR SELECT USING (in_club(club));
CREATE POLICY put_in ON joined FOR INSERT WITH CHECK (in_club(club));
CREATE POLICY seen ON book FOR SELECT USING (in_club(club));
CREATE POLICY change ON book FOR UPDATE USING (heads(club));
RESET search_path;
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE 'second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
ALTER POLICY put_in ON second_me.joined WITH CHECK (second_me.in_club(club) AND NOT is_head);
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE 'second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;

-- Functions with rights of their own. The one that asks whether its caller heads the club, and the one that makes nobody a
-- head, are right.
DROP POLICY put_in ON second_me.joined;
CREATE FUNCTION second_me.invite(p_club uuid, p_account uuid, p_head boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = second_me AS $$ BEGIN
  IF NOT in_club(p_club) OR EXISTS (SELECT FROM account a WHERE a.id = p_account AND a.who = uid()) THEN RAISE EXCEPTION 'no'; END IF;
  INSERT INTO joined VALUES (p_club, p_account, 'active', p_head); END $$;
GRANT EXECUTE ON FUNCTION second_me.invite TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE '%second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'rpc:second_me.invite(uuid, uuid, boolean)');
CREATE OR REPLACE FUNCTION second_me.invite(p_club uuid, p_account uuid, p_head boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = second_me AS $$ BEGIN
  IF NOT heads(p_club) THEN RAISE EXCEPTION 'no'; END IF;
  INSERT INTO joined VALUES (p_club, p_account, 'active', p_head); END $$;
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE '%second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
CREATE OR REPLACE FUNCTION second_me.invite(p_club uuid, p_account uuid, p_head boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = second_me AS $$ BEGIN
  IF NOT in_club(p_club) THEN RAISE EXCEPTION 'no'; END IF;
  INSERT INTO joined VALUES (p_club, p_account, 'active', false); END $$;
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE '%second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
-- A role that no policy asks for: what it opens is not known.
DROP FUNCTION second_me.invite;
ALTER TABLE second_me.joined ADD CONSTRAINT of_colour CHECK (colour IN ('owner', 'red'));
CREATE FUNCTION second_me.paint(p_club uuid, p_account uuid, p_colour text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = second_me AS $$ BEGIN
  IF NOT in_club(p_club) THEN RAISE EXCEPTION 'no'; END IF;
  UPDATE joined SET colour = p_colour WHERE club = p_club AND account = p_account; END $$;
GRANT EXECUTE ON FUNCTION second_me.paint TO authenticated;
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'rpc:second_me.paint(uuid, uuid, text)');
-- Whoever names a hall has a seat in it: that the argument is one of few words makes it no secret.
DROP FUNCTION second_me.paint;
SET search_path = second_me;
CREATE TABLE hall (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE seat (hall uuid NOT NULL REFERENCES hall, who uuid NOT NULL, rank text NOT NULL CHECK (rank IN ('front', 'back')), PRIMARY KEY (hall, who));
ALTER TABLE hall ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON seat FOR SELECT USING (who = uid());
CREATE POLICY seen ON hall FOR SELECT USING (id IN (SELECT s.hall FROM seat s WHERE s.who = uid()));
CREATE FUNCTION enter(p_hall uuid, p_rank text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = second_me AS $$ BEGIN
  IF uid() IS NULL THEN RAISE EXCEPTION 'no'; END IF;
  INSERT INTO seat VALUES (p_hall, uid(), p_rank); END $$;
GRANT EXECUTE ON FUNCTION enter TO authenticated;
RESET search_path;
SELECT rule, object, message FROM rlsproof.audit() WHERE object LIKE '%second\_me%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object, rule;
DROP SCHEMA second_me CASCADE;
DROP ROLE authenticated, anon;
