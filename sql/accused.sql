-- What schemas in the wild are full of, and what is said of it: nobody is accused of what the policies never let through,
-- what is published is told from what is not, and what is wrong comes with a witness.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE regress_accused_api LOGIN NOINHERIT;
GRANT anon, authenticated TO regress_accused_api;
ALTER ROLE regress_accused_api SET pgrst.db_schemas = 'accused_it, elsewhere';
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'anon';
CREATE SCHEMA accused_it;
CREATE SCHEMA accused_helpers;
CREATE SCHEMA accused_more;
GRANT USAGE ON SCHEMA accused_it, accused_helpers, accused_more TO anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA accused_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO anon, authenticated;
CREATE FUNCTION accused_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE FUNCTION accused_it.as_role() RETURNS text LANGUAGE sql STABLE
    RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role';
CREATE TABLE accused_it.staff (who uuid PRIMARY KEY, rank text NOT NULL);
CREATE FUNCTION accused_it.is_boss() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM accused_it.staff WHERE who = accused_it.uid() AND rank = 'boss') $$;

-- Policies for whom it may concern: for visitors without an account these let nothing through, so that they see no row
-- either is nothing to mend. Nor is it where only the server's own role may write, or only a helper can tell.
CREATE TABLE accused_it.letters (id int PRIMARY KEY, sender uuid NOT NULL, body text);
CREATE POLICY reading ON accused_it.letters FOR SELECT TO authenticated USING (sender = accused_it.uid());
CREATE POLICY writing ON accused_it.letters FOR UPDATE USING (sender = accused_it.uid());
CREATE TABLE accused_it.jobs (id int PRIMARY KEY);
CREATE POLICY serving ON accused_it.jobs FOR UPDATE USING (accused_it.as_role() = 'service_role');
CREATE TABLE accused_it.rates (id int PRIMARY KEY);
CREATE POLICY bosses ON accused_it.rates FOR DELETE USING (accused_it.is_boss());
CREATE POLICY reading ON accused_it.rates FOR SELECT TO authenticated USING (accused_it.is_boss());
CREATE TABLE accused_it.drafts (id int PRIMARY KEY, author uuid NOT NULL);
CREATE POLICY writing ON accused_it.drafts FOR UPDATE USING (author = accused_it.uid());
ALTER TABLE accused_it.staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.rates ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.drafts ENABLE ROW LEVEL SECURITY;
SELECT object, message FROM rlsproof.lint('update_without_select') WHERE object ~ 'accused_it';

-- Words that people learn belong to nobody, a team that policies ask who is in belongs to its members. Posts are shown
-- when they are published, though every new one is; notes are shown whatever they are.
CREATE TABLE accused_it.words (id uuid PRIMARY KEY, word text NOT NULL);
CREATE TABLE accused_it.learned (who uuid NOT NULL, word uuid NOT NULL REFERENCES accused_it.words, PRIMARY KEY (who, word));
CREATE TABLE accused_it.teams (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE accused_it.members (who uuid NOT NULL, team uuid NOT NULL REFERENCES accused_it.teams, PRIMARY KEY (who, team));
CREATE TABLE accused_it.plans (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES accused_it.teams);
CREATE TABLE accused_it.posts (id uuid PRIMARY KEY, author uuid NOT NULL, published boolean NOT NULL DEFAULT true);
CREATE TABLE accused_it.notes (id uuid PRIMARY KEY, author uuid NOT NULL);
CREATE POLICY own ON accused_it.learned USING (who = accused_it.uid());
CREATE POLICY own ON accused_it.members FOR SELECT USING (who = accused_it.uid());
CREATE POLICY own ON accused_it.plans USING (team IN (SELECT m.team FROM accused_it.members m WHERE m.who = accused_it.uid()));
CREATE POLICY own ON accused_it.posts USING (author = accused_it.uid());
CREATE POLICY published ON accused_it.posts FOR SELECT USING (published);
CREATE POLICY own ON accused_it.notes USING (author = accused_it.uid());
CREATE POLICY everybody ON accused_it.words FOR SELECT USING (true);
CREATE POLICY reading ON accused_it.teams FOR SELECT USING (true);
CREATE POLICY reading ON accused_it.notes FOR SELECT USING (true);
ALTER TABLE accused_it.words ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.learned ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.notes ENABLE ROW LEVEL SECURITY;

-- A box for messages from outside; the same where what lies in it decides who may come in.
CREATE TABLE accused_it.enquiries (id uuid PRIMARY KEY, name text, message text);
CREATE POLICY everybody ON accused_it.enquiries FOR INSERT WITH CHECK (true);
ALTER TABLE accused_it.enquiries ENABLE ROW LEVEL SECURITY;
CREATE TABLE accused_it.guests (email text PRIMARY KEY);
CREATE TABLE accused_it.parties (id uuid PRIMARY KEY, host uuid NOT NULL);
CREATE POLICY everybody ON accused_it.guests FOR INSERT WITH CHECK (true);
CREATE POLICY guests ON accused_it.parties FOR SELECT USING (EXISTS (SELECT FROM accused_it.guests g
    WHERE g.email = nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'));
ALTER TABLE accused_it.guests ENABLE ROW LEVEL SECURITY;
ALTER TABLE accused_it.parties ENABLE ROW LEVEL SECURITY;

-- One row for each person, and whoever has signed in writes anybody's.
CREATE TABLE accused_it.profiles (who uuid PRIMARY KEY, name text);
CREATE POLICY signed_in ON accused_it.profiles FOR INSERT WITH CHECK (accused_it.uid() IS NOT NULL);
ALTER TABLE accused_it.profiles ENABLE ROW LEVEL SECURITY;
-- Whoever comes first may take the chair. Somebody sits there already, but nothing keeps him: the prover says so.
CREATE TABLE accused_it.chairs (who uuid PRIMARY KEY);
CREATE FUNCTION accused_it.nobody_sits() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT NOT EXISTS (SELECT FROM accused_it.chairs) $$;
CREATE POLICY first ON accused_it.chairs FOR INSERT WITH CHECK (accused_it.nobody_sits());
ALTER TABLE accused_it.chairs ENABLE ROW LEVEL SECURITY;

-- A row that a function puts in for whom it is told to; a yes or no about somebody.
CREATE FUNCTION accused_it.tell(p_who uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO accused_it.letters (id, sender, body) VALUES (7, p_who, 'hello'); END $$;
CREATE FUNCTION accused_it.knows(p_who uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM accused_it.learned l WHERE l.who = p_who) $$;
-- What a function looks for is there to be found, also under a key and of one kind; and what it answers about somebody is
-- not what it answers about nobody.
CREATE TABLE accused_it.secrets (name text PRIMARY KEY, secret text NOT NULL);
ALTER TABLE accused_it.secrets ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION accused_it.mail_key() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT secret FROM accused_it.secrets WHERE name = 'mail_key' $$;
CREATE TABLE accused_it.visits (id uuid PRIMARY KEY, who uuid NOT NULL, state text NOT NULL DEFAULT 'planned');
CREATE POLICY own ON accused_it.visits USING (who = accused_it.uid());
ALTER TABLE accused_it.visits ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION accused_it.done_today() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN
      IF accused_it.uid() IS NULL THEN RAISE EXCEPTION 'sign in first' USING ERRCODE = '42501'; END IF;
      RETURN QUERY SELECT v.who FROM accused_it.visits v WHERE v.state = 'done';
    END $$;
CREATE FUNCTION accused_it.visits_of(p_who uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM accused_it.visits v WHERE v.who = p_who $$;
CREATE FUNCTION accused_it.dice(p_who uuid) RETURNS float LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT random() FROM accused_it.visits LIMIT 1 $$;
-- A column with a default is part of the row: what a function puts in comes from there.
CREATE TABLE accused_it.alerts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, severity text NOT NULL DEFAULT 'info');
CREATE POLICY own ON accused_it.alerts USING (who = accused_it.uid());
ALTER TABLE accused_it.alerts ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION accused_it.alert(p_who uuid, p_severity text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ INSERT INTO accused_it.alerts (who, severity) VALUES (p_who, p_severity) $$;
-- Keys that are unique indexes and no constraints: the row is refused for its owner, not for its key.
CREATE TABLE accused_it.slugs (pk int PRIMARY KEY, slug text NOT NULL, who uuid NOT NULL);
CREATE UNIQUE INDEX slugs_slug ON accused_it.slugs (slug);
CREATE POLICY own ON accused_it.slugs USING (who = accused_it.uid() OR pk < 0);
ALTER TABLE accused_it.slugs ENABLE ROW LEVEL SECURITY;
-- Whose it is may hide what is his own: no policy asks that of the one who is calling.
CREATE TABLE accused_it.replies (id uuid PRIMARY KEY, parent uuid REFERENCES accused_it.replies, author uuid NOT NULL, hidden boolean NOT NULL DEFAULT false);
CREATE FUNCTION accused_it.is_hidden(reply uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT r.hidden = true FROM accused_it.replies r WHERE r.id = reply $$;
CREATE POLICY own ON accused_it.replies USING (author = accused_it.uid());
CREATE POLICY shown ON accused_it.replies FOR SELECT USING (hidden = false AND NOT accused_it.is_hidden(coalesce(parent, id)));
ALTER TABLE accused_it.replies ENABLE ROW LEVEL SECURITY;
-- What one may not change of one's own row stays what it was, NULL as well.
CREATE TABLE accused_it.accounts (who uuid PRIMARY KEY, tier int);
CREATE FUNCTION accused_it.my_tier() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT tier FROM accused_it.accounts WHERE who = accused_it.uid() $$;
CREATE POLICY own ON accused_it.accounts USING (who = accused_it.uid())
    WITH CHECK (who = accused_it.uid() AND NOT (tier IS DISTINCT FROM accused_it.my_tier()));
ALTER TABLE accused_it.accounts ENABLE ROW LEVEL SECURITY;

-- Helpers lie where the API does not come. A schema with tables in it may be offered by a setting that is kept elsewhere.
CREATE FUNCTION accused_helpers.forget() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ DELETE FROM accused_it.notes $$;
CREATE TABLE accused_more.open (id int PRIMARY KEY);
GRANT SELECT ON accused_more.open TO anon;
CREATE FUNCTION accused_more.forget() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ DELETE FROM accused_it.notes $$;

SELECT level, rule, object, evidence, detail FROM rlsproof.audit()
WHERE object ~ 'accused_' AND rule NOT IN ('default_privileges', 'update_without_select', 'truncate_granted')
ORDER BY object COLLATE "C", rule COLLATE "C";
SELECT command, verdict, reason FROM rlsproof.verify('outsider', 'accused_it.slugs') WHERE command = 'INSERT';
SELECT object, verdict, reason FROM rlsproof.verify('anon', 'rpc:accused_helpers.forget()');

DROP SCHEMA accused_it, accused_helpers, accused_more CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_accused_api, anon, authenticated;
