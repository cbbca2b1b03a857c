-- Rows that hang on rows of their own table, and helpers that walk along them: what is made for a probe leads nobody in
-- a circle, and where a walk has no end it is stopped and called unknown.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_trees_anon;
CREATE ROLE regress_trees_user;
CREATE ROLE regress_trees_web LOGIN NOINHERIT;
GRANT regress_trees_anon, regress_trees_user TO regress_trees_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_trees_anon';
CREATE SCHEMA trees_it;
GRANT USAGE ON SCHEMA trees_it TO regress_trees_anon, regress_trees_user;
CREATE FUNCTION trees_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

-- A reply is shown where the post at its root is. One table says so by a foreign key, the other one does not.
CREATE TABLE trees_it.posts (id uuid PRIMARY KEY, parent uuid REFERENCES trees_it.posts, author uuid NOT NULL, private boolean NOT NULL);
CREATE TABLE trees_it.folders (id uuid PRIMARY KEY, parent uuid, author uuid NOT NULL, private boolean NOT NULL);
CREATE FUNCTION trees_it.post_is_private(post uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    WITH RECURSIVE up AS (
        SELECT p.id, p.parent, p.private FROM trees_it.posts p WHERE p.id = post
        UNION ALL SELECT p.id, p.parent, p.private FROM trees_it.posts p JOIN up ON p.id = up.parent)
    SELECT coalesce(bool_or(private), true) FROM up $$;
CREATE FUNCTION trees_it.folder_is_private(folder uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    WITH RECURSIVE up AS (
        SELECT f.id, f.parent, f.private FROM trees_it.folders f WHERE f.id = folder
        UNION ALL SELECT f.id, f.parent, f.private FROM trees_it.folders f JOIN up ON f.id = up.parent)
    SELECT coalesce(bool_or(private), true) FROM up $$;
CREATE POLICY own ON trees_it.posts USING (author = trees_it.uid());
CREATE POLICY shown ON trees_it.posts FOR SELECT USING (NOT trees_it.post_is_private(id));
CREATE POLICY own ON trees_it.folders USING (author = trees_it.uid());
CREATE POLICY shown ON trees_it.folders FOR SELECT USING (NOT trees_it.folder_is_private(id));

-- The same, and what is there goes in a circle.
CREATE TABLE trees_it.rings (id int PRIMARY KEY, next int NOT NULL REFERENCES trees_it.rings DEFERRABLE INITIALLY DEFERRED, author uuid NOT NULL);
INSERT INTO trees_it.rings VALUES (1, 2, gen_random_uuid()), (2, 1, gen_random_uuid());
CREATE FUNCTION trees_it.length_of(ring int) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    WITH RECURSIVE on_it AS (
        SELECT r.id, r.next FROM trees_it.rings r WHERE r.id = ring
        UNION ALL SELECT r.id, r.next FROM trees_it.rings r JOIN on_it ON r.id = on_it.next)
    SELECT count(*) FROM on_it $$;
REVOKE EXECUTE ON FUNCTION trees_it.length_of(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trees_it.length_of(int) TO regress_trees_user;
CREATE POLICY long ON trees_it.rings FOR SELECT TO regress_trees_user USING (trees_it.length_of(id) > 3);
ALTER TABLE trees_it.posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE trees_it.folders ENABLE ROW LEVEL SECURITY;
ALTER TABLE trees_it.rings ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON trees_it.posts, trees_it.folders TO regress_trees_anon, regress_trees_user;
GRANT SELECT ON trees_it.rings TO regress_trees_user;

-- The prover thinks of rows that are their own parents, too; a statement over them is stopped.
SET rlsproof.probe_timeout = '500ms';
SELECT v.object, v.command, v.verdict, v.reason FROM (VALUES ('trees_it.posts'), ('trees_it.folders')) o(name), rlsproof.verify('outsider', o.name) v
WHERE v.command IN ('SELECT', 'UPDATE') ORDER BY 1, 2;
SELECT command, verdict, evidence, reason FROM rlsproof.verify('outsider', 'trees_it.rings') WHERE command = 'SELECT';
SELECT verdict, reason FROM rlsproof.verify('outsider', 'rpc:trees_it.length_of(integer)');
RESET rlsproof.probe_timeout;

-- A statement's own limit is nobody's outcome.
\set VERBOSITY sqlstate
SET statement_timeout = '300ms';
SELECT command, verdict FROM rlsproof.verify('outsider', 'trees_it.rings');
RESET statement_timeout;
\set VERBOSITY default

DROP SCHEMA trees_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_trees_web, regress_trees_anon, regress_trees_user;
