-- Rows made for a probe have to look like rows of the application: tied to each other where only a policy says so, and
-- between two people where a constraint wants two. And what is whose: a state that an owner sets is no promotion.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_made_anon;
CREATE ROLE regress_made_user;
CREATE ROLE regress_made_web LOGIN NOINHERIT;
GRANT regress_made_anon, regress_made_user TO regress_made_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_made_anon';
CREATE SCHEMA made_it;
GRANT USAGE ON SCHEMA made_it TO regress_made_anon, regress_made_user;
ALTER DEFAULT PRIVILEGES IN SCHEMA made_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO regress_made_anon, regress_made_user;
CREATE FUNCTION made_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

-- Comments of posts that are shown to everybody, and no foreign key between the two.
CREATE TABLE made_it.posts (id uuid PRIMARY KEY, author uuid NOT NULL, shown boolean NOT NULL DEFAULT false);
CREATE TABLE made_it.comments (id uuid PRIMARY KEY, author uuid NOT NULL, post uuid NOT NULL);
CREATE POLICY own ON made_it.posts USING (author = made_it.uid());
CREATE POLICY shown ON made_it.comments FOR SELECT
    USING (EXISTS (SELECT FROM made_it.posts p WHERE p.id = comments.post));
CREATE POLICY shown ON made_it.posts FOR SELECT USING (shown);

-- A text that holds another table's uuid: it must hold one, or nothing is learnt but that it does not.
CREATE TABLE made_it.recipes (id uuid PRIMARY KEY, author uuid NOT NULL);
CREATE TABLE made_it.codes (id uuid PRIMARY KEY, recipe text NOT NULL, active boolean NOT NULL DEFAULT true);
CREATE POLICY coded ON made_it.recipes FOR SELECT
    USING (EXISTS (SELECT FROM made_it.codes c WHERE c.recipe::uuid = recipes.id AND c.active));
CREATE POLICY active ON made_it.codes FOR SELECT USING (active);

-- Shown where the parent is open on two counts, and the child on a third.
CREATE TABLE made_it.halls (id uuid PRIMARY KEY, owner uuid, state text NOT NULL DEFAULT 'shut', kind text NOT NULL DEFAULT 'small');
CREATE TABLE made_it.shows (id uuid PRIMARY KEY, hall uuid NOT NULL REFERENCES made_it.halls, listed boolean NOT NULL DEFAULT false);
CREATE POLICY own ON made_it.halls USING (owner = made_it.uid());
CREATE POLICY open_kind ON made_it.halls FOR SELECT USING (state = 'open');
CREATE POLICY listed ON made_it.shows FOR SELECT USING (listed AND EXISTS
    (SELECT FROM made_it.halls h WHERE h.id = hall AND h.state = 'open' AND h.kind = 'grand'));

-- A text that is read as a uuid, and the text it refers to.
CREATE TABLE made_it.tenants (id text PRIMARY KEY);
CREATE TABLE made_it.invoices (id int PRIMARY KEY, tenant text NOT NULL REFERENCES made_it.tenants);
CREATE POLICY tenant ON made_it.invoices
    USING (tenant::uuid = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'tenant')::uuid);

-- Two people who must differ; each row is theirs alone.
CREATE TABLE made_it.contacts (id uuid PRIMARY KEY, one uuid NOT NULL, other uuid NOT NULL, CHECK (one <> other));
CREATE POLICY both ON made_it.contacts USING (made_it.uid() IN (one, other));

-- Whoever shares a trip need not own it, and shares it with himself.
CREATE TABLE made_it.trips (id uuid PRIMARY KEY, owner uuid NOT NULL);
CREATE TABLE made_it.shares (id uuid PRIMARY KEY, trip uuid NOT NULL, sharer uuid NOT NULL, guest uuid NOT NULL,
                             CHECK (sharer <> guest));
CREATE POLICY own ON made_it.trips USING (owner = made_it.uid());
CREATE POLICY shared ON made_it.trips FOR SELECT
    USING (made_it.uid() IN (SELECT s.guest FROM made_it.shares s WHERE s.trip = trips.id));
CREATE POLICY sharer ON made_it.shares USING (sharer = made_it.uid());
CREATE POLICY guest ON made_it.shares USING (guest = made_it.uid());

-- An owner publishes what is his; a member accepts himself.
CREATE TABLE made_it.gigs (id uuid PRIMARY KEY, seller uuid NOT NULL, status text NOT NULL DEFAULT 'draft');
CREATE TABLE made_it.packages (id uuid PRIMARY KEY, gig uuid NOT NULL REFERENCES made_it.gigs);
CREATE POLICY own ON made_it.gigs USING (seller = made_it.uid());
CREATE POLICY of_gig ON made_it.packages USING (EXISTS
    (SELECT FROM made_it.gigs g WHERE g.id = packages.gig AND (g.status = 'active' OR g.seller = made_it.uid())));
CREATE TABLE made_it.crews (id uuid PRIMARY KEY);
CREATE TABLE made_it.crew_members (crew uuid REFERENCES made_it.crews, member uuid, status text NOT NULL DEFAULT 'asked',
                                   PRIMARY KEY (crew, member));
CREATE TABLE made_it.plans (id uuid PRIMARY KEY, crew uuid NOT NULL REFERENCES made_it.crews);
CREATE POLICY own ON made_it.crew_members FOR SELECT USING (member = made_it.uid());
CREATE POLICY own_status ON made_it.crew_members FOR UPDATE USING (member = made_it.uid());
CREATE POLICY members ON made_it.plans FOR INSERT WITH CHECK (EXISTS (SELECT FROM made_it.crew_members m
    WHERE m.crew = plans.crew AND m.member = made_it.uid() AND m.status = 'accepted'));
-- What a role table says of oneself, and whoever signs up has a line in it, of the lesser kind.
CREATE TABLE made_it.roles (id uuid PRIMARY KEY, person uuid NOT NULL, role text NOT NULL CHECK (role IN ('admin', 'user')));
CREATE TABLE made_it.ledger (id uuid PRIMARY KEY, amount numeric);
CREATE POLICY own ON made_it.roles FOR SELECT USING (person = made_it.uid());
CREATE POLICY own_role ON made_it.roles FOR UPDATE USING (person = made_it.uid());
CREATE POLICY admins ON made_it.ledger
    USING (made_it.uid() IN (SELECT r.person FROM made_it.roles r WHERE r.role = 'admin'));
-- The same where the role is part of a key, and where policies hand its name to a helper.
CREATE TYPE made_it.kind AS ENUM ('admin', 'user', 'moderator');
CREATE TABLE made_it.kinds (person uuid, kind made_it.kind DEFAULT 'user', PRIMARY KEY (person, kind));
CREATE TABLE made_it.ranks (id uuid PRIMARY KEY, person uuid NOT NULL, kind made_it.kind NOT NULL);
CREATE FUNCTION made_it.is(who uuid, what made_it.kind) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT EXISTS (SELECT FROM made_it.kinds k WHERE k.person = who AND k.kind = what)';
CREATE FUNCTION made_it.ranks(who uuid, what text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT EXISTS (SELECT FROM made_it.ranks r WHERE r.person = who AND r.kind::text = what)';
REVOKE ALL ON FUNCTION made_it.is(uuid, made_it.kind), made_it.ranks(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION made_it.is(uuid, made_it.kind), made_it.ranks(uuid, text) TO regress_made_user;
CREATE POLICY own ON made_it.kinds FOR SELECT USING (person = made_it.uid());
CREATE POLICY own ON made_it.ranks FOR SELECT USING (person = made_it.uid());
CREATE TABLE made_it.safes (id uuid PRIMARY KEY);
CREATE POLICY admins ON made_it.safes TO regress_made_user USING (made_it.is(made_it.uid(), 'admin'));
CREATE POLICY ranks ON made_it.safes TO regress_made_user
    USING (made_it.ranks(made_it.uid(), 'moderator') OR made_it.ranks(made_it.uid(), 'admin'));
-- Columns granted one by one: which rows are seen cannot be told, and with the own membership goes what it opens.
CREATE TABLE made_it.clubs (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE made_it.club_people (club uuid REFERENCES made_it.clubs, person uuid, PRIMARY KEY (club, person));
CREATE TABLE made_it.club_secrets (id uuid PRIMARY KEY, club uuid NOT NULL REFERENCES made_it.clubs, secret text NOT NULL, hidden text);
CREATE POLICY own ON made_it.club_people FOR SELECT USING (person = made_it.uid());
CREATE POLICY any_member ON made_it.club_secrets FOR SELECT USING (EXISTS (SELECT FROM made_it.club_people p WHERE p.person = made_it.uid()));
GRANT SELECT ON made_it.club_people TO regress_made_user;
REVOKE ALL ON made_it.club_secrets FROM regress_made_user;
GRANT SELECT (id, club, secret) ON made_it.club_secrets TO regress_made_user;
-- Which columns are filled depends on another one; by one constraint, and by several that each say a part.
CREATE TABLE made_it.seats (id uuid PRIMARY KEY, who uuid, stand_in boolean NOT NULL DEFAULT false, nick text CHECK (nick LIKE 'Guest-%'), pay numeric,
    CHECK ((NOT stand_in AND who IS NOT NULL AND nick IS NULL AND pay IS NULL) OR (stand_in AND who IS NULL AND nick IS NOT NULL AND pay >= 0)));
CREATE TABLE made_it.media (id uuid PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('car', 'boat')), car uuid, boat uuid,
    CHECK (kind <> 'car' OR (car IS NOT NULL AND boat IS NULL)), CHECK (kind <> 'boat' OR (boat IS NOT NULL AND car IS NULL)));
-- A generated column that multiplies: the numbers are small.
CREATE TABLE made_it.hazards (id int PRIMARY KEY, odds int CHECK (odds IS NULL OR odds >= 1 AND odds <= 5),
    harm int CHECK (harm IS NULL OR harm >= 1 AND harm <= 5), score int GENERATED ALWAYS AS (odds * harm) STORED);
CREATE POLICY everybody ON made_it.hazards FOR SELECT USING (true);
CREATE TABLE made_it.own_hazards (id int PRIMARY KEY, owner uuid NOT NULL, odds int NOT NULL, harm int NOT NULL,
    score int GENERATED ALWAYS AS (odds * harm) STORED);
CREATE POLICY own ON made_it.own_hazards USING (owner = made_it.uid());
CREATE POLICY everybody ON made_it.seats FOR SELECT USING (true);
CREATE POLICY everybody ON made_it.media FOR SELECT USING (true);
-- What is shown is what every new row is, and not what it may become.
CREATE TABLE made_it.offers (id int PRIMARY KEY, author uuid NOT NULL, state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'hidden')));
CREATE POLICY shown ON made_it.offers FOR SELECT USING (state = 'open' OR author = made_it.uid());
CREATE TABLE made_it.calls (id int PRIMARY KEY, author uuid NOT NULL, state text DEFAULT 'open');
CREATE POLICY shown ON made_it.calls FOR SELECT USING (state = 'open' OR author = made_it.uid());
-- Of two levels one is there, by a kind of many, or none is.
CREATE TYPE made_it.age AS ENUM ('U5', 'U6', 'U7', 'U8', 'U9', 'U10', 'U11', 'U12', 'U13', 'U15', 'U17', 'Senior');
CREATE TABLE made_it.players (id int PRIMARY KEY, club uuid NOT NULL, age made_it.age,
    young text CHECK (young IS NULL OR young IN ('a', 'b', 'c', 'd', 'e')), grown text CHECK (grown IS NULL OR grown IN ('f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n')),
    CHECK (NOT (young IS NOT NULL AND grown IS NOT NULL)),
    CHECK (young IS NULL OR (age IS NOT NULL AND age <> 'Senior')), CHECK (grown IS NULL OR (age IS NOT NULL AND age = 'Senior')));
CREATE POLICY shown ON made_it.players FOR SELECT USING (true);
-- So many days, and no more than so many hours.
CREATE TABLE made_it.stays (id int PRIMARY KEY, guest uuid NOT NULL, comes date NOT NULL, goes date NOT NULL, CHECK (goes - comes BETWEEN 7 AND 14));
CREATE POLICY shown ON made_it.stays FOR SELECT USING (true);
CREATE TABLE made_it.visits (id int PRIMARY KEY, guest uuid NOT NULL, comes timestamptz NOT NULL, goes timestamptz NOT NULL,
    CHECK (goes > comes), CHECK (goes <= comes + interval '4 hours'));
CREATE POLICY shown ON made_it.visits FOR SELECT USING (true);
-- Some rows are shown, and in them what nobody may see.
CREATE TABLE made_it.schools (id int PRIMARY KEY, head uuid NOT NULL, invite_token text);
CREATE POLICY invited ON made_it.schools FOR SELECT USING (invite_token IS NOT NULL);
CREATE TABLE made_it.colours (id int PRIMARY KEY, head uuid NOT NULL, color_token text);
CREATE POLICY shown ON made_it.colours FOR SELECT USING (color_token IS NOT NULL);
-- A kind that a constraint keeps out is the first of all.
CREATE TYPE made_it.key_kind AS ENUM ('house', 'guest', 'staff');
CREATE TABLE made_it.keys (id int PRIMARY KEY, holder uuid NOT NULL, kind made_it.key_kind NOT NULL CHECK (kind <> 'house'));
CREATE POLICY own ON made_it.keys USING (holder = made_it.uid());
SELECT format('ALTER TABLE made_it.%I ENABLE ROW LEVEL SECURITY', relname)
FROM pg_class WHERE relnamespace = 'made_it'::regnamespace AND relkind = 'r' ORDER BY relname \gexec

SELECT object, persona, command, verdict, reason FROM rlsproof.verify()
WHERE object LIKE 'made_it.%' AND command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND verdict <> 'ok'
ORDER BY object COLLATE "C", persona COLLATE "C", command COLLATE "C";
SELECT rule, object, message FROM rlsproof.audit()
WHERE object LIKE 'made_it.%' AND rule IN ('self_promotion', 'writable_authority', 'broken', 'vacuous', 'unknown')
ORDER BY object COLLATE "C", rule COLLATE "C";

SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'open' AND object IN ('made_it.schools', 'made_it.colours', 'made_it.players');
-- A trigger that draws a number for whoever signs up rests: no rollback gives it back. One that draws none is woken.
CREATE TABLE made_it.accounts (id uuid PRIMARY KEY);
CREATE TABLE made_it.greeted (id bigserial PRIMARY KEY, who uuid NOT NULL);
CREATE TABLE made_it.profiles (id uuid PRIMARY KEY REFERENCES made_it.accounts, nick text NOT NULL DEFAULT 'nobody');
ALTER TABLE made_it.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE made_it.greeted ENABLE ROW LEVEL SECURITY;
ALTER TABLE made_it.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON made_it.accounts FOR SELECT USING (id = made_it.uid());
CREATE POLICY own ON made_it.greeted FOR SELECT USING (who = made_it.uid());
CREATE POLICY own ON made_it.profiles FOR SELECT USING (id = made_it.uid());
CREATE FUNCTION made_it.greet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = made_it AS $$ BEGIN
    INSERT INTO greeted (who) VALUES (NEW.id);
    INSERT INTO profiles (id, nick) VALUES (NEW.id, 'greeted');
    RETURN NEW; END $$;
CREATE TRIGGER greet AFTER INSERT ON made_it.accounts FOR EACH ROW EXECUTE FUNCTION made_it.greet();
SELECT persona, verdict FROM rlsproof.verify(NULL, 'made_it.profiles', 'select') ORDER BY persona COLLATE "C";
SELECT is_called FROM made_it.greeted_id_seq;
DROP SCHEMA made_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP OWNED BY regress_made_web, regress_made_anon, regress_made_user;
DROP ROLE regress_made_web, regress_made_anon, regress_made_user;
