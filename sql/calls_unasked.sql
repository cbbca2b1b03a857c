-- Functions that look at who is calling, and are called without what they expect: with nobody named, with no list, with what is
-- usual turned round. And those that write to whomever their caller names.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA unasked;
GRANT USAGE ON SCHEMA unasked TO authenticated;
CREATE FUNCTION unasked.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = unasked;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE orders (id uuid PRIMARY KEY, who uuid NOT NULL REFERENCES people, item text);
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people);
CREATE TABLE members (team uuid NOT NULL REFERENCES teams, who uuid NOT NULL REFERENCES people, PRIMARY KEY (team, who));
CREATE TABLE mail (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL REFERENCES people, body text, sent_by text);
CREATE TABLE sessions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL REFERENCES people, word text NOT NULL UNIQUE);
CREATE TABLE bills (who uuid NOT NULL REFERENCES people, number varchar(6) NOT NULL CHECK (number ~ '^[A-Z]{2}[0-9]{4}$'), PRIMARY KEY (who, number));
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY own ON orders USING (who = uid());
CREATE POLICY own ON teams USING (owner = uid());
CREATE POLICY own ON members FOR SELECT USING (who = uid());
CREATE POLICY own ON sessions FOR SELECT USING (who = uid());
CREATE POLICY own ON bills FOR SELECT USING (who = uid());
CREATE POLICY own ON mail FOR SELECT USING (who = uid());
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'unasked'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
-- Open to whoever names nobody.
CREATE FUNCTION null_reads(whom uuid DEFAULT uid()) RETURNS SETOF orders LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF whom IS NOT NULL AND whom <> unasked.uid() THEN RAISE EXCEPTION 'not yours'; END IF;
    RETURN QUERY SELECT * FROM unasked.orders o WHERE whom IS NULL OR o.who = whom; END $$;
CREATE FUNCTION null_removes(which uuid DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF which IS NOT NULL AND NOT EXISTS (SELECT FROM unasked.orders o WHERE o.id = which AND o.who = unasked.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
    DELETE FROM unasked.orders WHERE which IS NULL OR id = which; END $$;
CREATE FUNCTION flag_reads(everything boolean DEFAULT false) RETURNS SETOF orders LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT * FROM unasked.orders WHERE everything OR who = unasked.uid() $$;
CREATE FUNCTION flag_removes(which uuid, force boolean DEFAULT false) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NOT force AND NOT EXISTS (SELECT FROM unasked.orders o WHERE o.id = which AND o.who = unasked.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
    DELETE FROM unasked.orders WHERE id = which; END $$;
CREATE FUNCTION empty_list(whose uuid[]) RETURNS SETOF orders LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF EXISTS (SELECT FROM unnest(whose) w WHERE w <> unasked.uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
    RETURN QUERY SELECT * FROM unasked.orders o WHERE whose = '{}' OR o.who = ANY (whose); END $$;
CREATE FUNCTION null_is_the_word(which uuid, word text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF unasked.uid() IS NULL OR md5(which::text || 'salt') <> word THEN RAISE EXCEPTION 'wrong word'; END IF;
    DELETE FROM unasked.orders WHERE id = which; END $$;
-- Shut: who names nobody gets what is its own, or nothing.
CREATE FUNCTION null_is_me(whom uuid DEFAULT NULL) RETURNS SETOF orders LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF coalesce(whom, unasked.uid()) <> unasked.uid() THEN RAISE EXCEPTION 'not yours'; END IF;
    RETURN QUERY SELECT * FROM unasked.orders o WHERE o.who = coalesce(whom, unasked.uid()); END $$;
CREATE FUNCTION null_refused(whom uuid, everything boolean DEFAULT false) RETURNS SETOF orders LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF whom IS DISTINCT FROM unasked.uid() THEN RAISE EXCEPTION 'not yours'; END IF;
    RETURN QUERY SELECT * FROM unasked.orders o WHERE o.who = whom AND (everything OR o.item IS NOT NULL); END $$;
-- Rows for whomever the caller names: in somebody's box without a word of who did it; with that; in a team of one's own.
CREATE FUNCTION mail_to(whom uuid, body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF unasked.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO unasked.mail (who, body) VALUES (whom, body); END $$;
CREATE FUNCTION mail_from_me(whom uuid, body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO unasked.mail (who, body, sent_by) VALUES (whom, body, unasked.uid()); END $$;
CREATE FUNCTION found_with(whom uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE t uuid; BEGIN
    INSERT INTO unasked.teams (owner) VALUES (unasked.uid()) RETURNING id INTO t;
    INSERT INTO unasked.members (team, who) VALUES (t, whom); END $$;
-- What goes into a column that holds each value once is taken already in every row that there is.
CREATE FUNCTION session_for(whom uuid, word text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF unasked.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO unasked.sessions (who, word) VALUES (whom, lower(word)); END $$;
CREATE FUNCTION bill_to(whom uuid, no text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF unasked.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO unasked.bills VALUES (whom, no); END $$;
CREATE FUNCTION session_for_me(whom uuid, word text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF whom <> unasked.uid() THEN RAISE EXCEPTION 'not you'; END IF;
    INSERT INTO unasked.sessions (who, word) VALUES (unasked.uid(), word); END $$;
RESET search_path;
SELECT object, verdict, reason FROM rlsproof.verify('outsider') WHERE object LIKE 'rpc:unasked.%' ORDER BY verdict, object COLLATE "C";
DROP SCHEMA unasked CASCADE;
DROP ROLE anon, authenticated;
