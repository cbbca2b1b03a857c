# A cluster's life with the module in it: preloaded or not, restarted, dumped and restored.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# Not preloaded: the extension works and goes without a trace of itself but its schema.
$node->safe_psql('postgres', 'CREATE EXTENSION rlsproof');
my $functions = q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'rlsproof'::regnamespace};
cmp_ok($node->safe_psql('postgres', $functions), '>', 0, 'the functions are there');
$node->safe_psql('postgres', 'DROP EXTENSION rlsproof');
is($node->safe_psql('postgres', $functions), '0', 'no function is left behind');
$node->safe_psql('postgres', 'CREATE EXTENSION rlsproof');
ok(1, 'it can be created again in the schema it left');

# A role that may not create extensions is told so, and nothing is half made.
$node->safe_psql('postgres', 'DROP EXTENSION rlsproof; DROP SCHEMA rlsproof; CREATE ROLE regress_plain LOGIN; GRANT CREATE ON DATABASE postgres TO regress_plain');
my ($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION rlsproof', extra_params => [ '-U', 'regress_plain' ]);
isnt($status, 0, 'an ordinary role cannot create the extension');
like($err, qr/permission denied to create extension "rlsproof"/, 'and is told why');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'rlsproof'}), '0', 'nothing is half made');

# Preloaded.
$node->safe_psql('postgres', 'CREATE EXTENSION rlsproof');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'rlsproof'");
$node->restart;
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'rlsproof', 'the server starts with the module preloaded');
cmp_ok($node->safe_psql('postgres', $functions), '>', 0, 'the functions are there after a restart');
$node->stop('immediate');
$node->start;
cmp_ok($node->safe_psql('postgres', $functions), '>', 0, 'and after a crash');

# Dump and restore: a dump names the extension and none of its functions.
my $dump = $node->backup_dir . '/dump.sql';
mkdir $node->backup_dir;
$node->command_ok([ 'pg_dump', '--file', $dump, '--dbname', $node->connstr('postgres') ], 'a database with the extension is dumped');
my $text = slurp_file($dump);
like($text, qr/^CREATE EXTENSION IF NOT EXISTS rlsproof WITH SCHEMA rlsproof;$/m, 'the dump names the extension');
unlike($text, qr/CREATE FUNCTION rlsproof\./, 'and none of its functions');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '--file', $dump, '--dbname', $node->connstr('restored') ],
    'the dump is restored');
is($node->safe_psql('restored', $functions), $node->safe_psql('postgres', $functions), 'with all of its functions');

$node->stop;
done_testing();
