-- What the extension shows of itself: every rule of src/sql, asked of the catalog. Lists that may only change on purpose.

CREATE TEMPORARY VIEW member AS
    SELECT d.classid, d.objid, i.type, i.schema, i.identity
    FROM pg_depend d, pg_extension e, LATERAL pg_identify_object(d.classid, d.objid, 0) i
    WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'rlsproof'
    -- From 17 on the row type of a table is a member of its own, and so is the array type of that.
    AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
        SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c'
        WHERE t.oid = d.objid AND (c.oid IS NOT NULL OR t.typcategory = 'A')));
CREATE TEMPORARY VIEW function AS
    SELECT p.* FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE TEMPORARY VIEW relation AS
    SELECT c.* FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

SELECT extname, extnamespace::regnamespace AS schema, extrelocatable FROM pg_extension WHERE extname = 'rlsproof';

-- Something is there to be looked at.
SELECT count(*) > 0 AS functions FROM function;

-- Nobody is surprised by an object outside the schema, or by one that nothing explains.
SELECT type, identity FROM member WHERE schema IS DISTINCT FROM 'rlsproof' ORDER BY type COLLATE "C", identity COLLATE "C";
SELECT type, identity AS without_comment FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL ORDER BY type COLLATE "C", identity COLLATE "C";

-- A caller's search_path reaches none of the functions.
SELECT oid::regprocedure AS without_search_path FROM function
WHERE prosqlbody IS NULL AND prokind <> 'a'
  AND NOT coalesce(proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp', 'search_path=pg_catalog, rlsproof, pg_temp']
ORDER BY oid::regprocedure::text COLLATE "C";

-- Functions with their owner's rights, each of them there on purpose.
SELECT oid::regprocedure AS definer FROM function WHERE prosecdef ORDER BY oid::regprocedure::text COLLATE "C";

-- What everybody may do, on purpose.
SELECT privilege_type AS public_on_schema FROM pg_namespace, LATERAL aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
WHERE nspname = 'rlsproof' AND grantee = 0 ORDER BY privilege_type COLLATE "C";
SELECT f.oid::regprocedure AS public_function FROM function f, LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner)))
WHERE grantee = 0 ORDER BY f.oid::regprocedure::text COLLATE "C";
SELECT r.oid::regclass AS public_relation, privilege_type
FROM relation r, LATERAL aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))
WHERE grantee = 0 AND relkind <> 'c' ORDER BY r.oid::regclass::text COLLATE "C", privilege_type COLLATE "C";

-- None of them claims to be leakproof.
SELECT oid::regprocedure AS leakproof FROM function WHERE proleakproof ORDER BY oid::regprocedure::text COLLATE "C";

-- The schema is the extension's own: no table of declarations is left out of a dump; what is, is on purpose.
SELECT r.oid::regclass AS not_dumped FROM relation r, pg_extension e
WHERE e.extname = 'rlsproof' AND relkind IN ('r', 'p') AND NOT r.oid = ANY (coalesce(extconfig, '{}'))
ORDER BY r.oid::regclass::text COLLATE "C";
