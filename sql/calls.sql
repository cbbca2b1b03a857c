-- EXECUTE cells: what calling a function gives that its caller has not got anyway; what is never called, and why.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_calls_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_calls_api;
CREATE SCHEMA calls_it;
CREATE SCHEMA calls_shut;
GRANT USAGE ON SCHEMA calls_it TO anon, authenticated;
CREATE FUNCTION calls_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE calls_it.orders (id uuid PRIMARY KEY, buyer uuid NOT NULL, memo text NOT NULL);
CREATE TABLE calls_it.tickets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, about text);
CREATE TABLE calls_it.shown (id uuid PRIMARY KEY, title text NOT NULL);
CREATE TABLE calls_it.members (team uuid, who uuid, PRIMARY KEY (team, who));
ALTER TABLE calls_it.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls_it.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls_it.shown ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls_it.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON calls_it.orders USING (buyer = calls_it.uid());
CREATE POLICY everybody ON calls_it.shown FOR SELECT USING (true);
CREATE POLICY own ON calls_it.members FOR SELECT USING (who = calls_it.uid());
GRANT SELECT ON ALL TABLES IN SCHEMA calls_it TO anon, authenticated;
GRANT INSERT, UPDATE, DELETE ON calls_it.orders TO authenticated;

-- Given away: all rows, one row by its key, a change, a view, an answer that asks who is calling and for nothing else.
CREATE FUNCTION calls_it.give_all() RETURNS SETOF calls_it.orders LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT * FROM calls_it.orders $$;
CREATE FUNCTION calls_it.give_json(p_order_id uuid) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN (SELECT to_jsonb(o) FROM calls_it.orders o WHERE o.id = p_order_id); END $$;
CREATE FUNCTION calls_it.give_signed_in() RETURNS TABLE (memo text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN
      IF calls_it.uid() IS NULL THEN RAISE EXCEPTION 'sign in first' USING ERRCODE = '42501'; END IF;
      RETURN QUERY SELECT o.memo FROM calls_it.orders o;
    END $$;
CREATE VIEW calls_it.order_memos AS SELECT memo FROM calls_it.orders;
REVOKE ALL ON calls_it.order_memos FROM PUBLIC;
CREATE FUNCTION calls_it.give_view() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.order_memos WHERE calls_it.uid() IS NULL OR true $$;
CREATE FUNCTION calls_it.change(order_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE calls_it.orders SET memo = 'changed' WHERE id = order_id $$;
CREATE PROCEDURE calls_it.change_all() LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE calls_it.orders SET memo = 'changed' $$;
CREATE FUNCTION calls_it.set_caller(who text) RETURNS void LANGUAGE sql
    AS $$ SELECT set_config('request.jwt.claims', who, true) $$;
CREATE FUNCTION calls_it.give_by_path() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN SET search_path = calls_it, pg_temp; RETURN QUERY SELECT memo FROM orders; END $$;
CREATE FUNCTION calls_it.give_by_path_set() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN PERFORM set_config('search_path', 'calls_it', true); RETURN QUERY SELECT memo FROM orders; END $$;
CREATE FUNCTION calls_it.give_next() RETURNS TABLE (m text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN FOR m IN SELECT o.memo FROM calls_it.orders o LOOP RETURN NEXT; END LOOP; END $$;

-- Fine: the caller's own rows, a refusal, yes or no, the caller's rights, what everybody sees anyway, a policy's helper.
CREATE FUNCTION calls_it.mine() RETURNS SETOF calls_it.orders LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT * FROM calls_it.orders WHERE buyer = calls_it.uid() $$;
CREATE FUNCTION calls_it.my_order(order_id uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ DECLARE found_memo text; BEGIN
      SELECT memo INTO found_memo FROM calls_it.orders WHERE id = order_id AND buyer = calls_it.uid();
      IF found_memo IS NULL THEN RAISE EXCEPTION 'no such order'; END IF;
      RETURN found_memo;
    END $$;
CREATE FUNCTION calls_it.is_member(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT 1 FROM calls_it.members WHERE team = t AND who = calls_it.uid()) $$;
CREATE FUNCTION calls_it.count_of(who uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT count(*) FROM calls_it.members m WHERE m.who = $1 $$;
CREATE POLICY helped ON calls_it.orders AS RESTRICTIVE USING (calls_it.count_of(calls_it.uid()) < 100);
CREATE FUNCTION calls_it.as_caller() RETURNS SETOF calls_it.orders LANGUAGE sql AS $$ SELECT * FROM calls_it.orders $$;
CREATE FUNCTION calls_it.public_titles() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT title FROM calls_it.shown $$;
CREATE FUNCTION calls_shut.give_all() RETURNS SETOF calls_it.orders LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT * FROM calls_it.orders $$;
CREATE FUNCTION calls_it.on_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN new; END $$;
CREATE FUNCTION calls_it.mine_by_path() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN SET search_path = calls_it; SET LOCAL statement_timeout = '5s'; RETURN QUERY SELECT memo FROM orders WHERE buyer = uid(); END $$;

-- Never called: what no rollback undoes, and what cannot be read. The last one is called, and fails on itself.
CREATE FUNCTION calls_it.waits() RETURNS SETOF calls_it.orders LANGUAGE sql SECURITY DEFINER SET search_path = '' -- cut short: never called
    AS $$ SELECT pg_sleep(3600); SELECT * FROM calls_it.orders WHERE buyer = calls_it.uid() $$;
CREATE FUNCTION calls_it.opens_ticket(about text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ INSERT INTO calls_it.tickets (about) SELECT about WHERE calls_it.uid() IS NOT NULL RETURNING id $$;
CREATE FUNCTION calls_it.builds_sql(what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN EXECUTE format('DELETE FROM calls_it.orders WHERE memo = %L', what); END $$;
CREATE FUNCTION calls_it.sets_dates() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN SET LOCAL datestyle = 'German'; RETURN QUERY SELECT memo FROM calls_it.orders WHERE buyer = calls_it.uid(); END $$;
CREATE FUNCTION calls_it.sets_any_path(path text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN PERFORM set_config('search_path', path, true); RETURN QUERY SELECT memo FROM orders WHERE calls_it.uid() IS NOT NULL; END $$;
CREATE FUNCTION calls_it.fails() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN (SELECT nothing_like_it FROM calls_it.orders LIMIT 1); END $$;


-- Arguments of other kinds: each label of an enum in turn, a value that a domain takes, arrays that hold something.
CREATE TYPE calls_it.mood AS ENUM ('calm', 'loud');
CREATE DOMAIN calls_it.mail AS text NOT NULL CHECK (VALUE ~ '@');
CREATE DOMAIN calls_it.order_id AS uuid;
CREATE FUNCTION calls_it.by_mood(m calls_it.mood) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.orders WHERE calls_it.uid() IS NOT NULL AND m = 'loud' $$;
CREATE FUNCTION calls_it.by_moods(VARIADIC m calls_it.mood[]) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.orders WHERE calls_it.uid() IS NOT NULL AND 'loud' = ANY (m) $$;
CREATE FUNCTION calls_it.by_ids(p_ids uuid[]) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.orders WHERE calls_it.uid() IS NOT NULL AND id = ANY (p_ids) $$;
CREATE FUNCTION calls_it.by_mail(address calls_it.mail) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.orders WHERE calls_it.uid() IS NOT NULL AND address <> '' $$;
CREATE FUNCTION calls_it.by_order(o calls_it.order_id) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT memo FROM calls_it.orders WHERE calls_it.uid() IS NOT NULL AND id = o $$;

-- What names something that is not there is not known to be harmless, whatever else it touches.
CREATE FUNCTION calls_it.names_no_table() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN (SELECT count(*) FROM calls_it.gone); END $$;
CREATE FUNCTION calls_it.names_no_column() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN EXISTS (SELECT FROM calls_it.orders o WHERE o.gone = calls_it.uid() OR o.buyer = calls_it.uid()); END $$;
CREATE FUNCTION calls_it.names_no_target() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN IF calls_it.uid() IS NULL THEN RAISE 'sign in first'; END IF; UPDATE calls_it.orders SET gone = 1 WHERE buyer = calls_it.uid(); END $$;
CREATE FUNCTION calls_it.names_no_function() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN PERFORM calls_it.gone(1); END $$;
CREATE FUNCTION calls_it.calls_one() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN calls_it.names_no_table(); END $$;

INSERT INTO calls_it.orders VALUES ('a0000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000001', 'two pizzas');
SELECT object, persona, verdict, evidence, reason FROM rlsproof.verify(NULL, NULL, 'execute')
WHERE object LIKE 'rpc:calls_%' AND persona IN ('anon', 'outsider') ORDER BY object COLLATE "C", persona COLLATE "C";
SELECT DISTINCT object FROM rlsproof.verify('newcomer', NULL, 'execute') WHERE object LIKE '%on_write%';

-- The witness can be run as it stands.
SELECT witness ->> 'script' FROM rlsproof.verify('anon', 'rpc:calls_it.give_json(uuid)');

-- Nothing is left: no row changed, no sequence moved.
SELECT * FROM calls_it.orders;
SELECT last_value, is_called FROM calls_it.tickets_id_seq;

-- Declared: all is as declared; none, said of the function itself, is about EXECUTE; none of a schema about what is given.
SELECT rlsproof.expect('anon', 'rpc:calls_it.give_all()', 'execute', 'all', 'on purpose');
SELECT rlsproof.expect('anon', 'rpc:calls_it.*', 'all', 'none');
SELECT rlsproof.expect('anon', 'rpc:calls_it.as_caller()', 'execute', 'none');
SELECT rlsproof.expect('anon', 'rpc:calls_shut.give_all()', 'execute', 'all');
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon', NULL, 'execute')
WHERE object ~ 'rpc:calls_' AND (verdict <> 'ok' OR object ~ 'give_all|is_member') ORDER BY object COLLATE "C";
DELETE FROM rlsproof.expectations;

-- The audit says each hole once: the rules that read bodies first, with what was seen; then what only calls show.
SELECT level, rule, object, evidence, message FROM rlsproof.audit() WHERE object LIKE 'rpc:calls_it.%' ORDER BY object COLLATE "C", rule;
SELECT fix FROM rlsproof.audit() WHERE object = 'rpc:calls_it.change_all()';
SELECT * FROM rlsproof.role_coverage WHERE object IN ('rpc:calls_it.give_all()', 'rpc:calls_it.mine()', 'rpc:calls_it.builds_sql(text)', 'rpc:calls_shut.give_all()');

-- Without an execution nothing is called.
BEGIN READ ONLY;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('outsider', NULL, 'execute')
WHERE object IN ('rpc:calls_it.give_all()', 'rpc:calls_it.mine()', 'rpc:calls_it.is_member(uuid)') ORDER BY object COLLATE "C";
COMMIT;

DROP SCHEMA calls_it CASCADE;
DROP SCHEMA calls_shut CASCADE;
DROP ROLE anon; DROP ROLE authenticated; DROP ROLE regress_calls_api;
