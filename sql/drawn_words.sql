-- A word that a function of the application draws is as secret as one that the column draws itself; one that can be guessed
-- is none, whoever makes it.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_drawn_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_drawn_api;
CREATE SCHEMA drawn;
CREATE SCHEMA drawn_makes;
GRANT USAGE ON SCHEMA drawn TO anon, authenticated;
SET search_path = drawn_makes, drawn, public;
CREATE TABLE drawn.firm (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL, name text);
ALTER TABLE firm ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE POLICY own ON firm FOR SELECT USING (owner = uid());
-- Long, and drawn.
CREATE FUNCTION good_plain(length int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  RETURN replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '_'); END $$;
CREATE FUNCTION good_sql(length int) RETURNS text LANGUAGE sql AS $$ SELECT 'inv_' || replace(gen_random_uuid()::text, '-', '') $$;
-- The time of day, a number, a letter or two, what few words are made into, what is written in a table, nothing at all.
CREATE FUNCTION bad_time(length int) RETURNS text LANGUAGE sql AS $$ SELECT now()::text $$;
CREATE FUNCTION bad_clock(length int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM gen_random_uuid(); RETURN 'invitation-' || clock_timestamp()::text; END $$;
CREATE FUNCTION bad_cut(length int) RETURNS text LANGUAGE sql AS $$ SELECT repeat('x', 30) || left(gen_random_uuid()::text, 2) $$;
CREATE FUNCTION bad_short(length int) RETURNS text LANGUAGE sql AS $$ SELECT trim(gen_random_uuid()::text::char(9)) $$;
CREATE FUNCTION bad_hash(length int) RETURNS text LANGUAGE sql AS $$ SELECT md5((ascii(gen_random_uuid()::text))::text) $$;
CREATE FUNCTION bad_few(length int) RETURNS text LANGUAGE sql AS $$ SELECT repeat(chr(ascii(gen_random_uuid()::text)), 30) $$;
CREATE FUNCTION bad_table(length int) RETURNS text LANGUAGE sql AS $$ SELECT max(name) || gen_random_uuid() FROM firm $$;
CREATE FUNCTION bad_same(length int) RETURNS text LANGUAGE sql AS $$ SELECT repeat('secret', length) $$;
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT proname AS name FROM pg_proc WHERE pronamespace = 'drawn_makes'::regnamespace AND proname ~ '^(good|bad)_' LOOP
    EXECUTE format('CREATE TABLE %s_links (id int PRIMARY KEY, firm uuid NOT NULL REFERENCES firm, token text UNIQUE NOT NULL DEFAULT drawn_makes.%s(30))', f.name, f.name);
    EXECUTE format('ALTER TABLE %s_links ENABLE ROW LEVEL SECURITY', f.name);
    EXECUTE format('ALTER TABLE %s_links SET SCHEMA drawn', f.name);
    EXECUTE format('CREATE FUNCTION drawn.%s_asks(t text) RETURNS SETOF drawn.firm LANGUAGE sql SECURITY DEFINER SET search_path = drawn AS
      $f$ SELECT x.* FROM firm x JOIN %s_links l ON l.firm = x.id WHERE l.token = t $f$', f.name, f.name);
  END LOOP; END $$;
-- What is drawn is cut by the column.
CREATE TABLE bad_column_links (id int PRIMARY KEY, firm uuid NOT NULL REFERENCES firm, token text UNIQUE NOT NULL DEFAULT right(drawn_makes.good_plain(30), 3));
ALTER TABLE bad_column_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE bad_column_links SET SCHEMA drawn;
CREATE FUNCTION drawn.bad_column_asks(t text) RETURNS SETOF drawn.firm LANGUAGE sql SECURITY DEFINER SET search_path = drawn AS
    $f$ SELECT x.* FROM firm x JOIN bad_column_links l ON l.firm = x.id WHERE l.token = t $f$;
GRANT SELECT ON drawn.firm TO anon, authenticated;
RESET search_path;
SELECT level, rule, object FROM rlsproof.audit() WHERE object ~ 'drawn\.' AND rule IN ('open', 'definer_function', 'definer_identity') ORDER BY object COLLATE "C";
SELECT object, reason FROM rlsproof.verify('anon') WHERE object ~ 'rpc:drawn\.good' ORDER BY object COLLATE "C";
DROP SCHEMA drawn, drawn_makes CASCADE;
DROP ROLE authenticated, anon, regress_drawn_api;
