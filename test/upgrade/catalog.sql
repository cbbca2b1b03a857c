-- Everything the extension put into the catalog, as sorted lines of names: what a fresh install and an update must agree
-- on. No OIDs; a column's place is its rank, so that one dropped before it does not count.

CREATE FUNCTION pg_temp.acl(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s=%s%s', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type,
                             CASE WHEN is_grantable THEN '*' ELSE '' END), ' '
                      ORDER BY grantee::regrole::text COLLATE "C", privilege_type COLLATE "C")
    FROM aclexplode(coalesce(acl, acldefault(kind, owner)))
$$;

CREATE TEMPORARY VIEW member AS
    SELECT d.classid, d.objid
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'rlsproof' AND d.deptype = 'e';

-- Relations that are members, and those that belong to one: indexes, sequences of identity columns.
CREATE TEMPORARY VIEW relation AS
    SELECT c.* FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
    UNION
    SELECT c.* FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
    JOIN pg_class c ON c.oid = t.typrelid
    UNION
    SELECT c.*
    FROM pg_depend d JOIN member m ON d.refclassid = m.classid AND d.refobjid = m.objid
    JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind IN ('i', 'S', 'I');

WITH lines (line) AS (
    SELECT format('extension: schema %s, version %s, relocatable %s', extnamespace::regnamespace, extversion, extrelocatable)
    FROM pg_extension WHERE extname = 'rlsproof'
    UNION ALL
    SELECT format('extension: dumps the rows of %s %s', c.oid::regclass, c.condition)
    FROM pg_extension, LATERAL unnest(extconfig, extcondition) AS c (oid, condition) WHERE extname = 'rlsproof'
    UNION ALL
    SELECT format('schema %s: acl %s, comment %s', nspname, pg_temp.acl(nspacl, 'n', nspowner),
                  obj_description(oid, 'pg_namespace'))
    FROM pg_namespace WHERE nspname = 'rlsproof'
    UNION ALL
    SELECT format('member %s %s: comment %s', i.type, i.identity, obj_description(m.objid, m.classid::regclass::name))
    FROM member m, LATERAL pg_identify_object(m.classid, m.objid, 0) i
    UNION ALL
    -- What an extension's script granted; pg_dump writes only what differs from it.
    SELECT format('initial privileges %s %s: %s', i.type, i.identity, (SELECT string_agg(a::text, ' ' ORDER BY a::text COLLATE "C")
                                                                       FROM unnest(p.initprivs) a))
    FROM pg_init_privs p JOIN member m ON p.classoid = m.classid AND p.objoid = m.objid,
    LATERAL pg_identify_object(p.classoid, p.objoid, p.objsubid) i
    UNION ALL
    SELECT format('function %s: owner %s, acl %s, %s', p.oid::regprocedure, p.proowner::regrole,
                  pg_temp.acl(p.proacl, 'f', p.proowner),
                  CASE WHEN p.prokind = 'a' THEN format('aggregate %s', (SELECT row_to_json(a)::text FROM pg_aggregate a WHERE aggfnoid = p.oid))
                       ELSE pg_get_functiondef(p.oid) END)
    FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    UNION ALL
    SELECT format('relation %s: kind %s, persistence %s, owner %s, acl %s, options %s, row security %s, forced %s, replica identity %s',
                  oid::regclass, relkind, relpersistence, relowner::regrole,
                  CASE WHEN relkind IN ('i', 'I', 'c') THEN NULL
                       ELSE pg_temp.acl(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) END,
                  reloptions, relrowsecurity, relforcerowsecurity, relreplident)
    FROM relation
    UNION ALL
    SELECT format('index %s: %s', r.oid::regclass, pg_get_indexdef(r.oid)) FROM relation r WHERE relkind IN ('i', 'I')
    UNION ALL
    SELECT format('view %s: %s', r.oid::regclass, pg_get_viewdef(r.oid)) FROM relation r WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT format('sequence %s: %s', r.oid::regclass, (SELECT (to_jsonb(s) - 'seqrelid' - 'seqtypid')::text || s.seqtypid::regtype
                                                       FROM pg_sequence s WHERE s.seqrelid = r.oid))
    FROM relation r WHERE relkind = 'S'
    UNION ALL
    SELECT format('column %s.%s: place %s, type %s, collation %s, not null %s, default %s, identity %s, generated %s, acl %s, comment %s',
                  r.oid::regclass, a.attname, rank() OVER (PARTITION BY r.oid ORDER BY a.attnum),
                  format_type(a.atttypid, a.atttypmod), nullif(a.attcollation, 0)::regcollation, a.attnotnull,
                  pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attacl, col_description(r.oid, a.attnum))
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    UNION ALL
    SELECT format('constraint %s on %s: %s, validated %s, comment %s', c.conname, coalesce(r.oid::regclass::text, c.contypid::regtype::text),
                  pg_get_constraintdef(c.oid), c.convalidated, obj_description(c.oid, 'pg_constraint'))
    FROM pg_constraint c LEFT JOIN relation r ON r.oid = c.conrelid
    WHERE r.oid IS NOT NULL OR c.contypid IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
    UNION ALL
    SELECT format('trigger %s: %s, enabled %s', t.tgname, pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('rule %s: %s', w.rulename, pg_get_ruledef(w.oid)) FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
    UNION ALL
    SELECT format('policy %s on %s: %s %s to %s using %s with check %s', p.polname, r.oid::regclass,
                  CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd, p.polroles::regrole[],
                  pg_get_expr(p.polqual, r.oid), pg_get_expr(p.polwithcheck, r.oid))
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT format('type %s: kind %s, owner %s, acl %s, base %s, not null %s, default %s, labels %s', t.oid::regtype, t.typtype,
                  t.typowner::regrole, pg_temp.acl(t.typacl, 'T', t.typowner), nullif(t.typbasetype, 0)::regtype, t.typnotnull,
                  t.typdefault, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
    FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
)
SELECT replace(line, E'\n', '\n') FROM lines ORDER BY line COLLATE "C";
