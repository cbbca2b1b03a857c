# Declarations go with a dump and come back with their meaning: names, not OIDs.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app_user;
CREATE SCHEMA app;
CREATE TABLE app.notes (id int PRIMARY KEY, author text NOT NULL, "odd column" text);
ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.notes USING (author = current_setting('app.user', true));
CREATE TABLE app."Odd Name" (id int);
INSERT INTO app.notes VALUES (1, 'ann', 'x'), (2, 'bob', 'y');
GRANT USAGE ON SCHEMA app TO app_user;
GRANT SELECT ON app.notes, app."Odd Name" TO app_user;
SELECT rlsproof.persona('ann', 'app_user', '{"sub": "ann", "quote": "it''s \"so\""}', '{"app.user": "ann"}', E'back\\slash\nand line');
SELECT rlsproof.scope('app.notes', 'own', 'author = current_setting(''app.user'', true)', 'author');
SELECT rlsproof.expect('ann', 'app.notes', 'select', 'own');
SELECT rlsproof.expect('ann', 'app."Odd Name"', 'select', 'all', 'meant');
SELECT rlsproof.expect('ann', 'app.*', 'all', 'none');
SELECT rlsproof.waive('rls_disabled', 'app."Odd Name"', 'holds nothing', '2999-01-01');
SQL

my $declared = q{
SELECT 'persona', to_jsonb(p)::text FROM rlsproof.personas p UNION ALL
SELECT 'scope', to_jsonb(s)::text FROM rlsproof.scopes s UNION ALL
SELECT 'expectation', to_jsonb(e)::text FROM rlsproof.expectations e UNION ALL
SELECT 'waiver', to_jsonb(w)::text FROM rlsproof.waivers w ORDER BY 1, 2};
my $verdicts = q{SELECT persona, object, command, expected, verdict FROM rlsproof.verify() WHERE persona = 'ann'};
my $findings = q{SELECT rule, object FROM rlsproof.audit() WHERE rule <> 'not_looked_at'};
my @before = map { $node->safe_psql('postgres', $_) } $declared, $verdicts, $findings;
like($before[1], qr/^ann\|app\.notes\|SELECT\|own\|ok$/m, 'what is declared is what is found');
like($before[1], qr/^ann\|app\."Odd Name"\|SELECT\|all\|ok$/m, 'also of a quoted name');

my $dir = $node->backup_dir;
mkdir $dir;
for my $format ('plain', 'custom') {
    my $name = "restored_$format";
    $node->command_ok([ 'pg_dump', '--format', $format, '--file', "$dir/$format", '--dbname', $node->connstr('postgres') ],
        "$format: dumped");
    # Every object is made again here, under OIDs of its own.
    $node->safe_psql('postgres', "CREATE DATABASE $name");
    $node->safe_psql($name, 'CREATE TABLE takes_an_oid (id int); DROP TABLE takes_an_oid');
    $node->command_ok(
        $format eq 'plain'
        ? [ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '--file', "$dir/plain", '--dbname', $node->connstr($name) ]
        : [ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr($name), "$dir/custom" ],
        "$format: restored");
    isnt($node->safe_psql($name, q{SELECT 'app.notes'::regclass::oid}), $node->safe_psql('postgres', q{SELECT 'app.notes'::regclass::oid}),
        "$format: the table is another one to the server");
    is($node->safe_psql($name, $declared), $before[0], "$format: every declaration is there");
    is($node->safe_psql($name, $verdicts), $before[1], "$format: and means the same");
    is($node->safe_psql($name, $findings), $before[2], "$format: so the audit says the same");
}

# What was declared for a table that did not come along is a finding, not a silence.
$node->safe_psql('postgres', 'CREATE DATABASE partly');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr('partly'), "$dir/custom" ], 'restored once more');
$node->safe_psql('partly', 'DROP TABLE app.notes');
my $stale = $node->safe_psql('partly', q{SELECT object, message FROM rlsproof.audit() WHERE rule = 'stale_declaration'});
like($stale, qr/^app\.notes\|what "ann" may do is declared for an object that is not there$/m, 'an expectation without its table is found');
like($stale, qr/^app\.notes\|scope "own" can no longer be asked/m, 'and a scope without it');
# The table comes back: so does what was declared for it.
$node->safe_psql('partly', q{CREATE TABLE app.notes (id int PRIMARY KEY, author text NOT NULL); GRANT SELECT ON app.notes TO app_user});
is($node->safe_psql('partly', q{SELECT count(*) FROM rlsproof.audit() WHERE rule = 'stale_declaration'}), '0', 'nothing is stale any more');
is($node->safe_psql('partly', q{SELECT verdict FROM rlsproof.verify('ann', 'app.notes', 'SELECT')}), 'leak',
    'and a table that came back without its policies is a leak');

# A role that is gone: its persona is not looked at, and the audit says so.
$node->safe_psql('partly', 'DROP OWNED BY app_user');
$node->safe_psql($_, 'DROP OWNED BY app_user') for 'postgres', 'restored_plain', 'restored_custom';
$node->safe_psql('partly', 'DROP ROLE app_user');
like($node->safe_psql('partly', q{SELECT note FROM rlsproof.audit_notes()}), qr/persona "ann": role "app_user" does not exist/,
    'a persona whose role is gone is named');

$node->stop;
done_testing();
