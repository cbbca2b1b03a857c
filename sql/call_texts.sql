-- Functions that run a text their caller hands over: whoever may call one is its owner.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_texts_api LOGIN NOINHERIT;
CREATE ROLE regress_texts_owner;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_texts_api;
CREATE SCHEMA texts;
GRANT ALL ON SCHEMA texts TO regress_texts_owner;
GRANT USAGE ON SCHEMA texts TO anon, authenticated;
CREATE FUNCTION texts.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE texts.payouts (id uuid PRIMARY KEY, owner uuid NOT NULL, iban text NOT NULL);
CREATE TABLE texts.plans (id int PRIMARY KEY, title text NOT NULL);
ALTER TABLE texts.payouts ENABLE ROW LEVEL SECURITY;
ALTER TABLE texts.plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON texts.payouts FOR SELECT USING (owner = texts.uid());
CREATE POLICY everybody ON texts.plans FOR SELECT USING (true);
GRANT SELECT ON ALL TABLES IN SCHEMA texts TO anon, authenticated;
GRANT ALL ON ALL TABLES IN SCHEMA texts TO regress_texts_owner;
ALTER TABLE texts.payouts OWNER TO regress_texts_owner;
INSERT INTO texts.payouts VALUES ('a0000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000001', 'DE02 1203 0000');
INSERT INTO texts.plans VALUES (1, 'free');
CREATE SEQUENCE texts.numbers OWNED BY texts.plans.id;

-- As SQL: a sub-select, a statement, a condition, a piece that it quotes by hand, by a variable, by a helper's error.
CREATE FUNCTION texts.exec_sql(q text) RETURNS json LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE r json; BEGIN EXECUTE 'select json_agg(x) from (' || q || ') x' INTO r; RETURN r; END $$;
CREATE FUNCTION texts.run_it(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; END $$;
CREATE FUNCTION texts.rows_where(cond text) RETURNS SETOF texts.payouts LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE format('select * from texts.payouts where %s', cond); END $$;
CREATE FUNCTION texts.search(word text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE sql text := 'select title from texts.plans where true'; BEGIN
      IF word IS NOT NULL THEN sql := sql || ' and title = ''' || word || ''''; END IF;
      RETURN QUERY EXECUTE sql; END $$;
CREATE FUNCTION texts.safe_run(q text) RETURNS json LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r json; BEGIN
      EXECUTE 'select to_json(x) from (' || q || ') x' INTO r; RETURN r;
    EXCEPTION WHEN OTHERS THEN RETURN json_build_object('error', SQLERRM); END $$;
CREATE FUNCTION texts.selects_only(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r text; BEGIN
      IF lower(trim(q)) NOT LIKE 'select%' THEN RAISE EXCEPTION 'only SELECT'; END IF; EXECUTE q INTO r; RETURN r; END $$;
-- Whoever has signed in may.
CREATE FUNCTION texts.signed_in(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r text; BEGIN
      IF texts.uid() IS NULL THEN RAISE EXCEPTION 'sign in first' USING ERRCODE = '42501'; END IF; EXECUTE q INTO r; RETURN r; END $$;
-- What it does beside forbids to call it; the text says enough.
CREATE FUNCTION texts.not_called(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN PERFORM pg_sleep(3600); EXECUTE q; END $$; -- cut short: never called
CREATE FUNCTION texts.two_texts(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN EXECUTE 'select pg_sleep(3600)'; EXECUTE q; END $$; -- cut short: never called
CREATE FUNCTION texts.draws(word text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE n bigint; BEGIN EXECUTE 'select nextval(''texts.numbers'') where ''a'' = ''' || word || '''' INTO n; RETURN n; END $$;
-- Changed on its way, by what may quote it.
CREATE FUNCTION texts.quotes_by_hand(word text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE n bigint; BEGIN
      EXECUTE 'select count(*) from texts.plans where title = ''' || replace(word, '''', '''''') || '''' INTO n; RETURN n; END $$;
-- As a table's name.
CREATE FUNCTION texts.count_rows(tbl text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE n bigint; BEGIN EXECUTE format('select count(*) from texts.%I', tbl) INTO n; RETURN n; END $$;
CREATE FUNCTION texts.read_table(tbl regclass) RETURNS SETOF jsonb LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE format('select to_jsonb(t) from %s t', tbl); END $$;
CREATE FUNCTION texts.empty_table(tbl text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN EXECUTE 'delete from texts.' || quote_ident(tbl); END $$;

-- Fine: quoted as a value, among names that it knows, a column to order by, turned away, its caller's own rights.
CREATE FUNCTION texts.by_value(word text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE format('select title from texts.plans where title = %L', word); END $$;
CREATE FUNCTION texts.by_using(word text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE 'select title from texts.plans where title = $1' USING word; END $$;
CREATE FUNCTION texts.known_table(tbl text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    AS $$ DECLARE n bigint; BEGIN
      IF tbl NOT IN ('plans') THEN RAISE EXCEPTION 'no such table'; END IF;
      EXECUTE format('select count(*) from texts.%I', tbl) INTO n; RETURN n; END $$;
CREATE FUNCTION texts.in_order(col text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE format('select title from texts.plans order by %I', col); END $$;
CREATE FUNCTION texts.by_number(n int) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN RETURN QUERY EXECUTE 'select title from texts.plans where id = ' || n; END $$;
CREATE FUNCTION texts.for_staff(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r text; BEGIN
      IF coalesce(current_setting('request.jwt.claims', true)::jsonb ->> 'staff', '') <> 'yes' THEN
        RAISE EXCEPTION 'staff only' USING ERRCODE = '42501'; END IF;
      EXECUTE q INTO r; RETURN r; END $$;
CREATE FUNCTION texts.as_caller(q text) RETURNS text LANGUAGE plpgsql
    AS $$ DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
DO $$ DECLARE f regprocedure; BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'texts'::regnamespace AND proname <> 'uid' LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO regress_texts_owner', f);
    END LOOP; END $$;

SELECT object, persona, verdict, evidence, reason FROM rlsproof.verify(NULL, NULL, 'execute')
WHERE object LIKE 'rpc:texts.%' AND persona IN ('anon', 'outsider') ORDER BY object COLLATE "C", persona COLLATE "C";
SELECT level, rule, object, evidence, message FROM rlsproof.audit() WHERE object LIKE 'rpc:texts.%' AND rule <> 'search_path_mutable';
SELECT level, rule, object, message FROM rlsproof.lint() WHERE object LIKE 'rpc:texts.%' AND rule <> 'search_path_mutable';
SELECT witness ->> 'script' FROM rlsproof.verify('anon', 'rpc:texts.exec_sql(text)');

-- Nothing is left.
SELECT * FROM texts.payouts;
SELECT last_value, is_called FROM texts.numbers;

DROP SCHEMA texts CASCADE;
DROP OWNED BY regress_texts_owner, anon, authenticated;
DROP ROLE regress_texts_api, regress_texts_owner, anon, authenticated;
