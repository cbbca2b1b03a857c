-- Functions that find somebody else's row by a key which comes inside an argument: in a document, in a row, in a list in a text. What
-- the body takes out of it says what has to be put there.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA docs;
GRANT USAGE ON SCHEMA docs TO authenticated;
CREATE FUNCTION docs.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = docs;
CREATE TABLE items (id uuid PRIMARY KEY, owner uuid NOT NULL, name text, price numeric NOT NULL DEFAULT 0, state text NOT NULL DEFAULT 'open',
    CHECK (state IN ('open', 'shut')));
CREATE TABLE notes (id bigint PRIMARY KEY, owner uuid NOT NULL, item uuid REFERENCES items, body text);
CREATE TYPE change AS (item uuid, price numeric);
CREATE POLICY own ON items FOR SELECT USING (owner = uid());
CREATE POLICY own ON notes FOR SELECT USING (owner = uid());
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON items, notes TO authenticated;
CREATE FUNCTION known() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF docs.uid() IS NULL THEN RAISE EXCEPTION 'who?'; END IF; END $$;
-- Whoever is known, by a member.
CREATE FUNCTION by_deep_member(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); UPDATE items SET price = 0 WHERE id = (p -> 'data' -> 'object' ->> 'ref')::uuid; END $$;
CREATE FUNCTION by_member(p json) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); UPDATE items SET name = p ->> 'title' WHERE id = (p ->> 'which')::uuid; END $$;
CREATE FUNCTION by_path(p jsonb) RETURNS SETOF items LANGUAGE sql STABLE SECURITY DEFINER SET search_path = docs AS $$
    SELECT i.* FROM items i WHERE uid() IS NOT NULL AND i.id = (p #>> '{a,b}')::uuid $$;
CREATE FUNCTION by_subscript(p jsonb) RETURNS SETOF items LANGUAGE sql STABLE SECURITY DEFINER SET search_path = docs AS $$
    SELECT i.* FROM items i WHERE uid() IS NOT NULL AND to_jsonb(i.id::text) = p['wanted'] AND i.id = (jsonb_extract_path_text(p, 'wanted'))::uuid $$;
CREATE FUNCTION by_text(p text) RETURNS SETOF items LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); RETURN QUERY SELECT * FROM items WHERE id = (p::jsonb ->> 'key')::uuid; END $$;
CREATE FUNCTION by_variables(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$
    DECLARE d jsonb := p -> 'body'; k uuid; BEGIN PERFORM known(); k := nullif(trim(d ->> 'what'), '')::uuid;
    IF d ->> 'do' NOT IN ('open', 'shut') THEN RAISE EXCEPTION 'what?'; END IF; UPDATE items SET state = d ->> 'do' WHERE id = k; END $$;
CREATE FUNCTION by_helper(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); PERFORM helps(p -> 'more'); END $$;
CREATE FUNCTION helps(q jsonb) RETURNS void LANGUAGE sql SET search_path = docs AS $$ DELETE FROM notes WHERE id = (q ->> 'n')::bigint $$;
CREATE FUNCTION by_words(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); IF p ->> 'verb' <> 'drop' OR coalesce(p ->> 'kind', '') <> 'item' OR p ->> 'owner' IS NOT NULL THEN RAISE EXCEPTION 'what?'; END IF;
    DELETE FROM items WHERE id = (p ->> 'which')::uuid; END $$;
-- By elements of an array, and by rows made of it.
CREATE FUNCTION by_array(p jsonb) RETURNS SETOF items LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); RETURN QUERY SELECT * FROM items WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text(p))::uuid[]); END $$;
CREATE FUNCTION by_elements(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ DECLARE e jsonb; BEGIN
    PERFORM known(); FOR e IN SELECT * FROM jsonb_array_elements(p -> 'lines') LOOP
    UPDATE items SET price = (e ->> 'price')::numeric WHERE id = (e -> 'of' ->> 'it')::uuid; END LOOP; END $$;
CREATE FUNCTION by_index(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); FOR i IN 0 .. jsonb_array_length(p) - 1 LOOP DELETE FROM items WHERE id = (p -> i ->> 'which')::uuid; END LOOP; END $$;
CREATE FUNCTION by_join(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); UPDATE items i SET price = x.v FROM (SELECT (e ->> 'k')::uuid AS k, (e ->> 'v')::numeric AS v
    FROM jsonb_array_elements(p) AS e) x WHERE i.id = x.k; END $$;
CREATE FUNCTION by_populated(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ DECLARE r items; BEGIN
    PERFORM known(); r := jsonb_populate_record(NULL::items, p); UPDATE items SET name = r.name WHERE id = r.id; END $$;
CREATE FUNCTION by_recordset(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ DECLARE r record; BEGIN
    PERFORM known(); FOR r IN SELECT * FROM jsonb_to_recordset(p) AS x (a uuid, b numeric) LOOP
    UPDATE items SET price = r.b WHERE id = r.a; END LOOP; END $$;
CREATE FUNCTION by_with(p jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = docs AS $$
    WITH w AS (SELECT (x.value ->> 'k')::uuid AS k FROM jsonb_array_elements(p) x) DELETE FROM items i USING w WHERE i.id = w.k AND uid() IS NOT NULL $$;
-- By a row, by rows, and by a list in a text.
CREATE FUNCTION by_list(p text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); DELETE FROM items WHERE id = ANY (string_to_array(p, ',')::uuid[]); END $$;
CREATE FUNCTION by_list_in_turn(p text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ DECLARE k uuid; BEGIN
    PERFORM known(); FOREACH k IN ARRAY string_to_array(p, ',')::uuid[] LOOP DELETE FROM items WHERE id = k; END LOOP; END $$;
CREATE FUNCTION by_row(p items) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); UPDATE items SET name = p.name WHERE id = p.id; END $$;
CREATE FUNCTION by_rows(p change[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); UPDATE items i SET price = c.price FROM unnest(p) c WHERE i.id = c.item; END $$;
-- Those of them that ask whose it is.
CREATE FUNCTION not_by_elements(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ DECLARE e jsonb; BEGIN
    PERFORM known(); FOR e IN SELECT * FROM jsonb_array_elements(p -> 'lines') LOOP
    UPDATE items SET price = (e ->> 'price')::numeric WHERE id = (e -> 'of' ->> 'it')::uuid AND owner = uid(); END LOOP; END $$;
CREATE FUNCTION not_by_list(p text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM known(); DELETE FROM items WHERE id = ANY (string_to_array(p, ',')::uuid[]) AND owner = uid(); END $$;
CREATE FUNCTION not_by_member(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM items WHERE id = (p ->> 'which')::uuid AND owner = uid()) THEN RAISE EXCEPTION 'not yours'; END IF;
    UPDATE items SET name = p ->> 'title' WHERE id = (p ->> 'which')::uuid; END $$;
CREATE FUNCTION not_by_recordset(p jsonb) RETURNS SETOF items LANGUAGE sql STABLE SECURITY DEFINER SET search_path = docs AS $$
    SELECT i.* FROM jsonb_to_recordset(p) AS x (a uuid, b numeric) JOIN items i ON i.id = x.a WHERE i.owner = uid() $$;
CREATE FUNCTION not_by_row(p items) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    UPDATE items SET name = p.name WHERE id = p.id AND owner = uid(); END $$;
-- What it answers is what it was given.
CREATE FUNCTION tells_back(p jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = docs AS $$ BEGIN
    PERFORM count(*) FROM items WHERE id = (p ->> 'which')::uuid AND name = p ->> 'title' AND owner = uid(); RETURN p; END $$;
SELECT format('REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO authenticated', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace = 'docs'::regnamespace AND p.prosecdef ORDER BY p.proname \gexec
RESET search_path;
SELECT verdict, object, reason FROM rlsproof.verify() WHERE object LIKE 'rpc:%' AND persona = 'newcomer' AND reason NOT LIKE '%rights of its caller%'
ORDER BY object COLLATE "C";
DROP SCHEMA docs CASCADE;
DROP ROLE anon, authenticated;
