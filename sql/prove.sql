-- What the prover says of each construct: proved, refuted, or unknown and why; scripts; settings; a solver that is not there.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_prove_app;
CREATE SCHEMA prove_it;
GRANT USAGE ON SCHEMA prove_it TO regress_prove_app;
CREATE FUNCTION prove_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = prove_it;
CREATE TABLE org (id int PRIMARY KEY, name text, plan text NOT NULL CHECK (plan IN ('free', 'paid')));
CREATE TABLE member (org int NOT NULL REFERENCES org, who uuid NOT NULL, role text NOT NULL, until timestamptz, PRIMARY KEY (org, who));
GRANT SELECT ON org, member TO regress_prove_app;
CREATE FUNCTION is_member(o int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT 1 FROM prove_it.member m WHERE m.org = o AND m.who = prove_it.uid()) $$;
CREATE FUNCTION my_orgs() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid() $$;
CREATE FUNCTION my_role(o int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT m.role FROM prove_it.member m WHERE m.org = o AND m.who = prove_it.uid() $$;
CREATE FUNCTION in_words(o int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN o > 0; END $$;
SELECT rlsproof.persona('regress_ann', 'regress_prove_app', '{"sub": "a0000000-0000-4000-8000-000000000001"}');

-- One table for each pair of a policy and a scope.
CREATE FUNCTION asked(name text, policy text, scope text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE prove_it.%I (id int PRIMARY KEY, org int NOT NULL REFERENCES prove_it.org, owner uuid, '
                   'flag boolean, body text, tags text[], price numeric)', name);
    EXECUTE format('ALTER TABLE prove_it.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY p ON prove_it.%I USING (%s)', name, policy);
    EXECUTE format('GRANT SELECT ON prove_it.%I TO regress_prove_app', name);
    PERFORM rlsproof.scope('prove_it.' || name, 'own', scope);
    PERFORM rlsproof.expect('regress_ann', 'prove_it.' || name, 'select', 'own');
END $$;
DO $$ DECLARE membership text := 'org IN (SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid())';
BEGIN
    PERFORM asked('a1_same', 'owner = prove_it.uid()', 'owner = prove_it.uid()');
    PERFORM asked('a2_null', 'owner = prove_it.uid() OR owner IS NULL', 'owner = prove_it.uid()');
    PERFORM asked('a3_text', 'owner::text = prove_it.uid()::text', 'owner = prove_it.uid()');
    PERFORM asked('a4_select', 'owner = (SELECT prove_it.uid())', 'owner = prove_it.uid()');
    PERFORM asked('b1_helper', 'prove_it.is_member(org)', membership);
    PERFORM asked('b2_rows', 'org IN (SELECT prove_it.my_orgs())', membership);
    PERFORM asked('b3_scalar', 'prove_it.my_role(org) = ''admin''', membership);
    PERFORM asked('b4_join', 'EXISTS (SELECT 1 FROM prove_it.member m JOIN prove_it.org o ON o.id = m.org WHERE o.id = b4_join.org AND m.who = prove_it.uid())', membership);
    PERFORM asked('b5_count', '(SELECT count(*) FROM prove_it.member m WHERE m.org = b5_count.org AND m.who = prove_it.uid()) > 0', membership);
    PERFORM asked('b6_in', 'prove_it.uid() IN (SELECT m.who FROM prove_it.member m WHERE m.org = b6_in.org)', membership);
    PERFORM asked('b7_all', 'prove_it.uid() <> ALL (SELECT m.who FROM prove_it.member m WHERE m.org = b7_all.org)', 'NOT coalesce(' || membership || ', false)');
    PERFORM asked('b8_group', 'org IN (SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid() GROUP BY m.org)', membership);
    PERFORM asked('b9_having', 'EXISTS (SELECT FROM prove_it.member m WHERE m.org = b9_having.org AND m.who = prove_it.uid() GROUP BY m.role HAVING count(*) > 1)', membership);
    PERFORM asked('c1_check', 'EXISTS (SELECT 1 FROM prove_it.org o WHERE o.id = c1_check.org AND o.plan NOT IN (''free'', ''paid''))', 'false');
    PERFORM asked('c2_key', 'EXISTS (SELECT 1 FROM prove_it.org o WHERE o.id = c2_key.org)', 'true');
    PERFORM asked('d1_not_in', 'org NOT IN (SELECT m.org FROM prove_it.member m)', 'true');
    PERFORM asked('d2_case', 'CASE WHEN flag THEN owner = prove_it.uid() ELSE false END', 'flag AND owner = prove_it.uid()');
    PERFORM asked('d3_price', 'price >= 1.0', 'price > 0');
    PERFORM asked('e1_like', 'body LIKE ''x%''', 'body LIKE ''x%''');
    PERFORM asked('e2_like', 'body LIKE ''x%''', 'owner = prove_it.uid()');
    PERFORM asked('e3_words', 'prove_it.in_words(org) AND owner = prove_it.uid()', 'owner = prove_it.uid()');
    PERFORM asked('e4_random', 'random() > 0.5 AND owner = prove_it.uid()', 'owner = prove_it.uid()');
    PERFORM asked('e5_until', 'EXISTS (SELECT 1 FROM prove_it.member m WHERE m.org = e5_until.org AND m.who = prove_it.uid() AND m.until > now())', membership);
    PERFORM asked('e6_tags', '''open'' = ANY (tags)', '''open'' = ANY (tags) OR flag');
    -- What is in an array of a state.
    PERFORM asked('e9_in_tags', '''open'' = ANY (tags)', 'owner = prove_it.uid()');
    PERFORM asked('e9_my_tag', 'prove_it.uid()::text = ANY (tags) OR body = ANY (tags)', 'prove_it.uid()::text = ANY (tags)');
    PERFORM asked('e9_no_tag', '''open'' <> ALL (tags)', '''open'' <> ALL (tags) AND NOT ''shut'' = ANY (tags)');
    -- Equal rows are one value to DISTINCT: a state with two of them is no failure. ON leaves one of several.
    PERFORM asked('e7_distinct', 'owner = (SELECT DISTINCT m.who FROM prove_it.member m WHERE m.org = e7_distinct.org)',
                  'NOT EXISTS (SELECT FROM prove_it.member m, prove_it.member n WHERE m.org = e7_distinct.org AND n.org = m.org AND m.role <> n.role)');
    PERFORM asked('e8_one_of', 'owner IN (SELECT DISTINCT ON (m.org) m.who FROM prove_it.member m ORDER BY m.org, m.who)',
                  'EXISTS (SELECT FROM prove_it.member m WHERE m.who = owner)');
    PERFORM asked('f1_loop', 'EXISTS (SELECT 1 FROM prove_it.f1_loop)', 'true');
END $$;
SELECT object, direction, verdict, reason FROM rlsproof.prove('regress_ann') WHERE object LIKE 'prove_it.%'
    AND NOT (object = 'prove_it.e4_random' AND direction = 'no less'); -- whether that can be replayed is a matter of luck

-- A witness can be pasted into psql.
SELECT witness ->> 'script' FROM rlsproof.prove('regress_ann', 'prove_it.a2_null', 'select') WHERE verdict = 'refuted';

-- Writing: the row that is there and the one that takes its place.
CREATE TABLE note (id int PRIMARY KEY, owner uuid NOT NULL, body text);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON note FOR SELECT USING (owner = prove_it.uid());
CREATE POLICY put ON note FOR INSERT WITH CHECK (owner = prove_it.uid());
CREATE POLICY turn ON note FOR UPDATE USING (owner = prove_it.uid()) WITH CHECK (true);
CREATE POLICY gone ON note FOR DELETE USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO regress_prove_app;
SELECT rlsproof.scope('prove_it.note', 'own', 'owner = prove_it.uid()');
SELECT rlsproof.expect('regress_ann', 'prove_it.note', 'select, insert, update, delete', 'own');
SELECT command, direction, verdict, reason FROM rlsproof.prove('regress_ann', 'prove_it.note');
-- What may not be updated stays as it is.
REVOKE UPDATE ON note FROM regress_prove_app;
GRANT UPDATE (body) ON note TO regress_prove_app;
SELECT command, direction, verdict FROM rlsproof.prove('regress_ann', 'prove_it.note', 'update');

-- What a new row refers to may be made by the very statement that writes it, and a key be given up: a proof must not count
-- on either. What a function finds in a table may change with the row that is written.
CREATE TABLE entry (id int PRIMARY KEY, org int NOT NULL REFERENCES org, owner uuid NOT NULL);
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY put ON entry FOR INSERT WITH CHECK (NOT EXISTS (SELECT FROM prove_it.org o WHERE o.id = org AND o.plan <> 'free'));
CREATE FUNCTION counted(o int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
    AS $$ BEGIN RETURN (SELECT count(*) < 2 FROM prove_it.entry WHERE org = o); END $$;
CREATE TABLE seat (id int PRIMARY KEY, org int NOT NULL);
ALTER TABLE seat ENABLE ROW LEVEL SECURITY;
CREATE POLICY put ON seat FOR INSERT WITH CHECK (prove_it.counted(org));
GRANT INSERT ON entry, seat TO regress_prove_app;
SELECT rlsproof.scope('prove_it.entry', 'free', '(SELECT o.plan FROM prove_it.org o WHERE o.id = org) = ''free''');
SELECT rlsproof.scope('prove_it.seat', 'free', 'prove_it.counted(org)');
SELECT rlsproof.expect('regress_ann', 'prove_it.' || t, 'insert', 'free') FROM unnest(ARRAY['entry', 'seat']) t;
SELECT object, verdict, reason FROM rlsproof.prove('regress_ann', NULL, 'insert')
WHERE object IN ('prove_it.entry', 'prove_it.seat') AND direction = 'no more';

-- Of settings that nobody made, each may be NULL or empty by itself.
CREATE TABLE mixed (id int PRIMARY KEY);
ALTER TABLE mixed ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON mixed USING ((current_setting('prove_it.one', true) IS NULL) <> (current_setting('prove_it.two', true) IS NULL));
GRANT SELECT ON mixed TO regress_prove_app;
SELECT rlsproof.expect('regress_ann', 'prove_it.mixed', 'select', 'none');
SELECT direction, verdict, reason FROM rlsproof.prove('regress_ann', 'prove_it.mixed', 'select');

-- Bodies in PL/pgSQL that come to one query: variables with one value each, IF chains, RETURN; what does more is not followed.
CREATE FUNCTION pl_member(o int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE me uuid := prove_it.uid(); kind text;
BEGIN
    IF me IS NULL THEN RETURN false; END IF;
    SELECT m.role INTO kind FROM prove_it.member m WHERE m.org = o AND m.who = me;
    IF kind = 'admin' THEN RETURN true; ELSIF kind IS NULL THEN RETURN false; END IF;
    RETURN kind IN ('user', 'guest');
END $$;
CREATE FUNCTION pl_rows() RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN RETURN QUERY SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid(); END $$;
CREATE FUNCTION pl_handles(o int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN RETURN EXISTS (SELECT FROM prove_it.member m WHERE m.org = o AND m.who = prove_it.uid()); EXCEPTION WHEN others THEN RETURN true; END $$;
CREATE FUNCTION pl_runs(o int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE yes boolean; BEGIN EXECUTE 'SELECT true' INTO yes; RETURN yes; END $$;
CREATE FUNCTION pl_early(o int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE kind text; BEGIN IF kind IS NULL THEN RETURN true; END IF; kind := 'admin'; RETURN false; END $$;
CREATE FUNCTION pl_out(o int, OUT yes boolean) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$ BEGIN yes := true; RETURN; END $$;
CREATE FUNCTION pl_variable(who uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_variable
BEGIN RETURN EXISTS (SELECT FROM prove_it.member WHERE who = who); END $$;
DO $$ DECLARE membership text := 'org IN (SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid())';
BEGIN
    PERFORM asked('g1_pl', 'prove_it.pl_member(org)', membership);
    PERFORM asked('g2_pl_less', membership, 'prove_it.pl_member(org)');
    PERFORM asked('g3_pl_rows', 'org IN (SELECT prove_it.pl_rows())', membership);
    PERFORM asked('g4_handles', 'prove_it.pl_handles(org)', membership);
    PERFORM asked('g5_runs', 'prove_it.pl_runs(org)', membership);
    PERFORM asked('g6_early', 'prove_it.pl_early(org)', 'false');
    PERFORM asked('g7_out', 'prove_it.pl_out(org)', 'false');
    PERFORM asked('g8_variable', 'prove_it.pl_variable(owner)', 'owner IN (SELECT m.who FROM prove_it.member m)');
END $$;
SELECT object, direction, verdict, reason FROM rlsproof.prove('regress_ann', NULL, 'select') WHERE object LIKE 'prove_it.g%';

-- One of several rows, whichever comes first: the same each time where a function says that it is STABLE.
CREATE FUNCTION any_org() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid() LIMIT 1 $$;
CREATE FUNCTION any_org_volatile() RETURNS int LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid() $$;
CREATE FUNCTION pl_any_role(o int) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ DECLARE r text; BEGIN SELECT m.role INTO r FROM prove_it.member m WHERE m.org = o; RETURN r; END $$;
DO $$ DECLARE membership text := 'org IN (SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid())';
BEGIN
    PERFORM asked('h1_any', 'org = prove_it.any_org()', membership);
    PERFORM asked('h2_same', 'org = prove_it.any_org()', 'org = prove_it.any_org()');
    PERFORM asked('h3_limit', 'org = (SELECT m.org FROM prove_it.member m WHERE m.who = prove_it.uid() LIMIT 1)', membership);
    PERFORM asked('h4_not', 'org <> prove_it.any_org()', 'NOT ' || membership);
    PERFORM asked('h5_stable', 'prove_it.any_org() = 1 AND prove_it.any_org() = 2', 'false');
    PERFORM asked('h6_volatile', 'prove_it.any_org_volatile() = 1 AND prove_it.any_org_volatile() = 2', 'false');
    PERFORM asked('h7_none', 'prove_it.any_org() IS NULL', 'NOT EXISTS (SELECT FROM prove_it.member m WHERE m.who = prove_it.uid())');
    PERFORM asked('h8_of_row', 'prove_it.pl_any_role(org) = ''admin''', 'EXISTS (SELECT FROM prove_it.member m WHERE m.org = h8_of_row.org AND m.role = ''admin'')');
    PERFORM asked('h9_each', 'EXISTS (SELECT FROM prove_it.org o WHERE o.id = h9_each.org AND prove_it.pl_any_role(o.id) = ''admin'')', 'true');
END $$;
-- Whether it can be replayed that another row comes first is a matter of luck.
SELECT object, CASE WHEN object ~ 'h4|h6' AND verdict <> 'proved' THEN 'not proved' ELSE verdict || ': ' || reason END AS said
    FROM rlsproof.prove('regress_ann', NULL, 'select') WHERE object LIKE 'prove_it.h%' AND direction = 'no more';
SELECT object, verdict FROM rlsproof.prove('regress_ann', NULL, 'select') WHERE object ~ 'prove_it.h[257]' AND direction = 'no less';

-- Somebody who occurs nowhere: nowhere in what is read out of a row either, unless it is made of who asks.
CREATE TABLE read_out (id int PRIMARY KEY, path text, doc jsonb, owner_text text);
ALTER TABLE read_out ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON read_out TO regress_prove_app;
CREATE FUNCTION echoed(path text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE NOTICE 'seen'; RETURN prove_it.uid()::text; END $$;
CREATE FUNCTION lying(path text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE NOTICE 'seen'; RETURN prove_it.uid()::text; END $$;
CREATE FUNCTION foldername(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE _parts text[];
BEGIN
    SELECT string_to_array(name, '/') INTO _parts;
    RETURN _parts[1 : array_length(_parts, 1) - 1];
END $$;
CREATE FUNCTION tried(policy text) RETURNS TABLE (verdict text, reason text) LANGUAGE plpgsql AS $$
BEGIN
    DROP POLICY IF EXISTS p ON prove_it.read_out;
    EXECUTE format('CREATE POLICY p ON prove_it.read_out USING (%s)', policy);
    RETURN QUERY SELECT p.verdict, p.reason FROM rlsproof.prove('outsider', 'prove_it.read_out', 'select') p WHERE p.direction = 'no more';
END $$;
SELECT p, t.* FROM unnest(ARRAY[
    '(string_to_array(path, ''/''))[1] = prove_it.uid()::text',
    '(prove_it.foldername(path))[1] = prove_it.uid()::text',
    '(prove_it.foldername(path))[1] = (SELECT prove_it.uid()::text)',
    '(string_to_array(path, ''/''))[1:2] = ARRAY[prove_it.uid()::text]',
    'owner_text::uuid = prove_it.uid()',
    'doc ->> ''owner'' = prove_it.uid()::text',
    'prove_it.uid()::text = ANY (string_to_array(path, '',''))',
    'doc ->> ''owner'' = prove_it.uid()::text OR id = 7',
    'coalesce(doc ->> ''owner'', prove_it.uid()::text) = prove_it.uid()::text',
    'prove_it.lying(path) = prove_it.uid()::text',
    'prove_it.echoed(path) = prove_it.uid()::text',
    'replace(path, ''x'', prove_it.uid()::text) = prove_it.uid()::text',
    '(jsonb_set(''{"owner": null}'', ''{owner}'', to_jsonb(prove_it.uid()::text)) || doc) ->> ''owner'' = prove_it.uid()::text',
    'left(prove_it.uid()::text, 35) || right(path, 1) = prove_it.uid()::text',
    'left(prove_it.uid()::text, 35) || right(path, 1) = prove_it.uid()::text AND id = 7',
    'right(md5(prove_it.uid()::text) || path, 36) = prove_it.uid()::text',
    'NOT doc ->> ''owner'' = prove_it.uid()::text']) WITH ORDINALITY u(p, n), tried(p) t ORDER BY n;

-- One who has rows of its own, of which nothing was declared: rows that name it are its own. Rows that are reached while
-- none names it are others'; of those that only its own rows open, nobody said whose they are.
SELECT p.object, p.verdict, p.reason FROM unnest(ARRAY['a1_same', 'a2_null', 'b1_helper', 'b4_join', 'e6_tags']) t,
    rlsproof.prove('newcomer', 'prove_it.' || t, 'select') p WHERE p.direction = 'no more' ORDER BY t;

-- A view shows a group where a row is in it.
CREATE VIEW by_org WITH (security_invoker) AS SELECT org, count(*) FROM b1_helper GROUP BY org HAVING count(*) > 1;
CREATE VIEW by_org_of_owner AS SELECT org, count(*) FROM b1_helper GROUP BY org;
GRANT SELECT ON by_org, by_org_of_owner TO regress_prove_app;
SELECT p.object, p.verdict, p.reason FROM unnest(ARRAY['by_org', 'by_org_of_owner']) t,
    rlsproof.prove('outsider', 'prove_it.' || t, 'select') p WHERE p.direction = 'no more' ORDER BY t;

-- The script, in the words of the schema; any solver may be asked.
SELECT count(*) > 0 FROM regexp_matches(rlsproof.obligation('regress_ann', 'prove_it.note', 'select', 'no more'), '\(check-sat\)');
SELECT rlsproof.obligation('regress_ann', 'prove_it.note', 'select', 'sideways');
SELECT rlsproof.obligation('regress_ann', 'prove_it.note', 'truncate', 'no more');
SELECT rlsproof.prove('nobody at all');

-- Without a solver everything else goes on.
SET rlsproof.solver = 'no-such-solver';
SELECT command, direction, verdict, reason FROM rlsproof.prove('regress_ann', 'prove_it.note', 'select');
RESET rlsproof.solver;
SET ROLE regress_prove_app;
SET rlsproof.solver = '/bin/sh';
RESET ROLE;

-- Nothing is left: no row, no setting.
SELECT (SELECT count(*) FROM note) + (SELECT count(*) FROM a2_null) + (SELECT count(*) FROM org) AS rows, current_setting('session_replication_role'), current_user = session_user;

DELETE FROM rlsproof.expectations; DELETE FROM rlsproof.scopes; DELETE FROM rlsproof.personas;
DROP SCHEMA prove_it CASCADE;
DROP OWNED BY regress_prove_app;
DROP ROLE regress_prove_app;
