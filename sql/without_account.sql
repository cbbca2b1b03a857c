-- What is compared with an account that is not there is NULL, and stops nothing: open to whoever has a token that is older than
-- the end of the account, which is said, and is less than open to everybody who signs up.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated;
CREATE SCHEMA acc;
GRANT USAGE ON SCHEMA acc TO anon, authenticated;
SET search_path = acc;
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users, is_admin bool NOT NULL DEFAULT false);
CREATE TABLE members (who uuid NOT NULL REFERENCES auth.users, org int NOT NULL, PRIMARY KEY (who, org));
CREATE TABLE invitations (id int PRIMARY KEY, email text NOT NULL UNIQUE, org int NOT NULL, accepted_at timestamptz);
CREATE TABLE letters (id int PRIMARY KEY, who uuid NOT NULL REFERENCES auth.users, org int NOT NULL, words text, deleted_at timestamptz);
CREATE FUNCTION welcome() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  INSERT INTO acc.profiles (id) VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER welcome AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION welcome();
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'acc'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY own ON profiles FOR SELECT USING (id = auth.uid());
CREATE POLICY own ON members FOR SELECT USING (who = auth.uid());
CREATE POLICY own ON letters FOR SELECT USING (who = auth.uid());
-- The address of the account; what the application puts in for every account.
CREATE FUNCTION less_accept(p_email text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc AS $$ DECLARE i record; BEGIN
  IF auth.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
  SELECT * INTO i FROM invitations WHERE email = p_email;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such invitation'; END IF;
  IF i.email <> (SELECT email FROM auth.users WHERE id = auth.uid()) THEN RAISE EXCEPTION 'not for you'; END IF;
  UPDATE invitations SET accepted_at = now() WHERE id = i.id; END $$;
CREATE FUNCTION less_delete(p_id int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc AS $$ BEGIN
  IF auth.uid() IS NULL OR NOT (SELECT is_admin FROM profiles WHERE id = auth.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
  UPDATE letters SET deleted_at = now() WHERE id = p_id; END $$;
-- A row that nobody gets by signing up: who has just signed up and joined nothing is let in as well. A comparison that an account passes, too.
CREATE FUNCTION bad_org(p_id int) RETURNS SETOF letters LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc AS $$ DECLARE l letters; BEGIN
  SELECT * INTO l FROM letters WHERE id = p_id;
  IF auth.uid() IS NULL OR l.org <> (SELECT max(org) FROM members WHERE who = auth.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
  RETURN NEXT l; END $$;
CREATE FUNCTION bad_both(p_email text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = acc AS $$ DECLARE i record; BEGIN
  IF auth.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
  SELECT * INTO i FROM invitations WHERE email = p_email;
  IF i.email = (SELECT email FROM auth.users WHERE id = auth.uid()) THEN RAISE EXCEPTION 'have it already'; END IF;
  UPDATE invitations SET accepted_at = now() WHERE id = i.id; END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA acc FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA acc TO authenticated;
RESET search_path;
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object ~ 'rpc:acc\.(less|bad)' AND level <> 'note' ORDER BY object COLLATE "C";
SELECT object, verdict, reason FROM rlsproof.verify() WHERE persona = 'outsider' AND object ~ 'rpc:acc\.less' ORDER BY object COLLATE "C";
-- No trigger makes the profile: many an account has none.
DROP TRIGGER welcome ON auth.users;
SELECT level, rule, object FROM rlsproof.audit() WHERE object ~ 'rpc:acc\.(less|bad)' AND level <> 'note' ORDER BY object COLLATE "C";
DROP SCHEMA acc, auth CASCADE;
DROP ROLE authenticated, anon;
