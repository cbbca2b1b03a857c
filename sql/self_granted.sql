-- What somebody else is to grant by the name of the column, in one's own row: no policy goes by it, and whoever may set
-- it is told all the same. Not where triggers or privileges keep it, nor of things of which one may have many.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA granted;
GRANT USAGE ON SCHEMA auth, granted TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE auth.users (id uuid PRIMARY KEY);
CREATE TABLE granted.plans (name text PRIMARY KEY, notes_a_month int NOT NULL);
INSERT INTO granted.plans VALUES ('free', 10), ('pro', 1000);
CREATE TABLE granted.profiles (id uuid PRIMARY KEY REFERENCES auth.users, nick text, plan text NOT NULL DEFAULT 'free' REFERENCES granted.plans,
    credits int NOT NULL DEFAULT 0, is_verified boolean NOT NULL DEFAULT false, paid_at timestamptz, role text);
-- A trigger keeps one column, and another one stays for want of a privilege.
CREATE TABLE granted.kept (id uuid PRIMARY KEY REFERENCES auth.users, plan text NOT NULL DEFAULT 'free', balance numeric NOT NULL DEFAULT 0, tier int);
CREATE FUNCTION granted.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.plan := OLD.plan; RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON granted.kept FOR EACH ROW EXECUTE FUNCTION granted.keep();
CREATE FUNCTION granted.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.tier IS DISTINCT FROM OLD.tier THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON granted.kept FOR EACH ROW EXECUTE FUNCTION granted.refuse();
-- One's own purses are as many as one likes.
CREATE TABLE granted.purses (id int PRIMARY KEY, person uuid NOT NULL REFERENCES auth.users, balance numeric NOT NULL DEFAULT 0);
ALTER TABLE granted.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE granted.kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE granted.purses ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON granted.profiles USING (id = auth.uid());
CREATE POLICY own ON granted.kept USING (id = auth.uid());
CREATE POLICY own ON granted.purses USING (person = auth.uid());
CREATE FUNCTION granted.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO granted.profiles (id) VALUES (NEW.id);
    INSERT INTO granted.kept (id) VALUES (NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER signed_up AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION granted.signed_up();
GRANT SELECT, UPDATE ON granted.profiles TO authenticated;
GRANT SELECT, INSERT, UPDATE ON granted.purses TO authenticated;
GRANT SELECT, UPDATE (plan, tier) ON granted.kept TO authenticated;
SELECT level, category, object, message, detail FROM rlsproof.audit() WHERE rule = 'self_granted';
-- Without what kept them.
DROP TRIGGER keep ON granted.kept;
DROP TRIGGER refuse ON granted.kept;
GRANT UPDATE ON granted.kept TO authenticated;
SELECT object, message FROM rlsproof.audit() WHERE rule = 'self_granted';
-- Of the columns that are one's own to change, nothing is said.
REVOKE UPDATE ON granted.profiles FROM authenticated;
GRANT UPDATE (nick, paid_at) ON granted.profiles TO authenticated;
SELECT object, message FROM rlsproof.audit() WHERE rule = 'self_granted';
-- A constraint that holds a number within bounds is no reason to say nothing; what somebody would like to be, or where
-- he is to be paid, is his own to say.
CREATE TABLE granted.bounded (id uuid PRIMARY KEY REFERENCES auth.users, rating numeric(2,1) NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    credits int NOT NULL DEFAULT 10 CHECK (credits <= 100), commission numeric NOT NULL DEFAULT 1 CHECK (commission <= 1),
    role_intent text, desired_role text, requested_plan text, preferred_tier text, wallet_address text, job_role text, meal_plan text, payment_reminders boolean DEFAULT false);
ALTER TABLE granted.bounded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON granted.bounded USING (id = auth.uid());
GRANT SELECT, UPDATE ON granted.bounded TO authenticated;
SELECT message, detail FROM rlsproof.audit() WHERE rule = 'self_granted' AND object = 'granted.bounded';
-- What a policy goes by is told by what it opens, and not once more by its name.
CREATE TABLE granted.helpers (id uuid PRIMARY KEY REFERENCES auth.users, is_admin boolean NOT NULL DEFAULT false, credits int NOT NULL DEFAULT 0);
CREATE TABLE granted.papers (id int PRIMARY KEY, person uuid NOT NULL REFERENCES auth.users);
ALTER TABLE granted.helpers ENABLE ROW LEVEL SECURITY;
ALTER TABLE granted.papers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON granted.helpers USING (id = auth.uid());
CREATE POLICY of_admins ON granted.papers FOR SELECT USING (EXISTS (SELECT FROM granted.helpers h WHERE h.id = auth.uid() AND h.is_admin));
GRANT SELECT, INSERT, UPDATE ON granted.helpers TO authenticated;
GRANT SELECT ON granted.papers TO authenticated;
SELECT rule, message, detail FROM rlsproof.audit() WHERE object = 'granted.helpers' AND level <> 'note' ORDER BY rule;
-- In a new row as well, which is one thing to mend.
GRANT DELETE ON granted.helpers TO authenticated;
SELECT rule, message, hint, fix FROM rlsproof.audit() WHERE object = 'granted.helpers' AND level = 'error';
SELECT command, verdict, reason FROM rlsproof.verify('newcomer', 'granted.helpers') WHERE verdict <> 'ok' ORDER BY command;
DROP SCHEMA granted, auth CASCADE;
DROP ROLE anon, authenticated;
