# The command line tool as its users meet it: exit statuses, what it says, and that nothing of it stays behind.
# Needs $RLSPROOF_TOOL (the program) and $RLSPROOF_PGBIN (a server that has the extension).
use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use POSIX qw(:sys_wait_h :signal_h);
use Test::More;
use Time::HiRes qw(sleep);

my $tool = $ENV{RLSPROOF_TOOL} or die 'RLSPROOF_TOOL is not set';
my $bin = $ENV{RLSPROOF_PGBIN} or die 'RLSPROOF_PGBIN is not set';

# Everything the tool makes lands in here, so that what stays behind can be seen. The server's user must get in.
my $home = tempdir('cliXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $home;
my $temporary = "$home/t";
mkdir $temporary;
chmod 01777, $temporary;
$ENV{TMPDIR} = $temporary;
chdir $home or die;

sub migrations {
    my ($name, %files) = @_;
    for my $file (keys %files) {
        my ($folder) = "$home/$name/$file" =~ m{(.*)/};
        make_path($folder);
        open(my $out, '>:raw', "$home/$name/$file") or die "$file: $!";
        print $out $files{$file};
        close $out;
    }
    return "$home/$name";
}

# Somebody to look at, who reaches her own rows and no others.
my $app = "create role app_user;\ncreate table mine (id int, owner uuid);\nalter table mine enable row level security;\n"
    . "grant select on mine to app_user;\n"
    . "create policy own on mine to app_user using (owner = nullif(current_setting('app.user_id', true), '')::uuid);\n";

sub slurp {
    my ($file) = @_;
    open(my $in, '<', $file) or return '';
    local $/;
    return scalar <$in> // '';
}

sub start {
    my (@words) = @_;
    unlink "$home/out", "$home/err";
    my $pid = fork // die;
    return $pid if $pid;
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', "$home/out");
    open(STDERR, '>', "$home/err");
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP QUIT PIPE);
    exec($tool, @words) or POSIX::_exit(127);
}

# (exit status, standard output, standard error)
sub run {
    waitpid(start(@_), 0);
    my $status = $?;
    return ($status & 127 ? -($status & 127) : $status >> 8, slurp("$home/out"), slurp("$home/err"));
}

# Processes that have the folder in their command line or stand in it.
sub processes {
    my @found;
    for my $entry (glob '/proc/[0-9]*') {
        my $where = readlink("$entry/cwd") // '';
        push @found, $entry if index($where, $temporary) >= 0 || index(slurp("$entry/cmdline"), $temporary) >= 0;
    }
    return @found;
}

sub leftovers {
    my @files = glob("$temporary/*");
    return (@files, processes());
}

# After a SIGKILL the cleaning is somebody else's, so it may take a moment.
sub nothing_left {
    my ($name) = @_;
    my @left;
    for (1 .. 300) {
        @left = leftovers();
        last unless @left; # the wait is cut short
        sleep 0.1;
    }
    is(join(' ', @left), '', "$name: nothing left behind");
}

sub wait_for {
    my ($what, $test) = @_;
    for (1 .. 600) {
        return 1 if $test->(); # the wait is cut short
        sleep 0.05;
    }
    diag "waited in vain for $what";
    return 0;
}

subtest 'words' => sub {
    my ($status, $out, $err) = run('--version');
    is($status, 0, '--version');
    like($out, qr/^rlsproof \d+\.\d+/, 'says the version');
    ($status, $out) = run('--help');
    is($status, 0, '--help');
    like($out, qr/rlsproof audit DIR/, 'names the command');
    ($status, $out) = run('audit', '--help');
    is($status, 0, 'audit --help');
    like($out, qr/--dsn.*Exit status/s, 'names options and exit statuses');
    my $dir = migrations('words', '1.sql' => 'create table t (i int);');
    for my $case ([[], qr/what shall I do/], [['look'], qr/unknown command "look"/], [['audit'], qr/needs a folder/],
                  [['audit', '--fast', $dir], qr/unknown option "--fast"/], [['audit', $dir, '--jobs', 'x'], qr/--jobs takes a number/],
                  [['audit', $dir, '--format', 'pdf'], qr/pdf/], [['audit', $dir, '--format'], qr/--format needs a value/],
                  [['audit', $dir, '--plain', '--supabase'], qr/exclude each other/], [['audit', $dir, '--dsn', 'x'], qr/not both/],
                  [['audit', $dir, '--output', 'x.pdf'], qr/cannot tell a format/], [['audit', $dir, $dir], qr/one folder at a time/],
                  [['audit', $dir, '--output', '/nowhere/x.html'], qr/cannot write/], [['audit', "$home/nowhere"], qr/does not exist/],
                  [['audit', $dir, '--matrix', 'nowhere.sql'], qr/cannot read the matrix/],
                  [['audit', $dir, '--pgbin', $home], qr/no "initdb" in/], [['audit', $temporary], qr/no migrations in/]) {
        ($status, $out, $err) = run(@{ $case->[0] });
        is($status, 2, "@{ $case->[0] }: exit 2");
        like($err, $case->[1], 'says why');
        is($out, '', 'standard output stays empty');
    }
    nothing_left('usage errors');
};

subtest 'clean' => sub {
    my ($status, $out, $err) = run('audit', migrations('clean', '1.sql' => $app));
    is($status, 0, 'exit 0') or diag $out, $err;
    like($err, qr/plain PostgreSQL: nothing of Supabase is mentioned/, 'says what the server was made like');
    like($err, qr/wrote report\.html/, 'says where the report is');
    like(slurp('report.html'), qr/<html/i, 'which is there');
    ($status, $out, $err) = run('audit', "$home/clean", '--quiet', '--format', 'json', '--output=x.txt');
    is($err, '', '--quiet');
    like(slurp('x.txt'), qr/^\s*\{/, '--format decides what --output gets');
    nothing_left('clean');
};

subtest 'failures' => sub {
    my $dir = migrations('failures',
        '1_a.sql' => "create table t (i int);\n\n-- a comment\ncreate table u (\n  i int,\n  j no_such_type\n);\n",
        '2_b.sql' => "begin;\ninsert into nowhere values (1);\ncreate table kept (i int);\ncommit;\ncreate table broken (i int;\n"
            . "create table after_all (i int);\n",
        '3_c.sql' => "do \$\$ begin perform from kept; perform from after_all; end \$\$;\nset role no_role; reset role;\n"
            . "create policy p on t to nobody_made_me using (true);\n");
    my ($status, $out, $err) = run('audit', $dir);
    is($status, 1, 'exit 1');
    like($out, qr/1_a\.sql:6\s.*42704/s, 'file, line of the mistake and SQLSTATE');
    like($out, qr/2_b\.sql:2\s.*42P01/s, 'inside a transaction');
    like($out, qr/2_b\.sql:5\s.*42601/s, 'one parenthesis too many does not swallow the rest');
    unlike($out, qr/3_c\.sql:1\s/, 'what came after a failure is there');
    like($out, qr/not everything could be looked at/, 'says that the look was not complete');
    like($out, qr{"nobody_made_me"\s+\(failures/3_c\.sql:3\)}, 'a missing role is made, and named');
    like($err, qr/3 of \d+ statements failed/, 'counts them');
    ($status, $out, $err) = run('audit', migrations('hopeless', '1.sql' => "create tabel t (i int);\nselekt 1;\n"));
    is($status, 2, 'nothing loaded: exit 2');
    like($err, qr/none of the 2 statements loaded/, 'says so');
    ($status, $out, $err) = run('audit', migrations('empty', '1.sql' => "-- nothing yet\n"));
    is($status, 2, 'no statements: exit 2');
    nothing_left('failures');
};

subtest 'as the tools do it' => sub {
    my $dir = migrations('tools', 'V0__app.sql' => $app,
        'V1__start.sql' => "\xEF\xBB\xBFcreate table c (i int, t text);\r\ncopy c from stdin;\r\n1\tone; two\r\n2\t\\N\r\n\\.\r\n"
            . "create type mood as enum ('sad');\r\n\\set x 1\r\nset search_path = pg_catalog;\r\n",
        'V2__up.sql' => "-- migrate:up\ncreate table up (i int);\nalter type mood add value 'glad';\n"
            . "create table m (m mood default 'glad');\n-- migrate:down\ndrop table up;\n",
        'V3__local.sql' => "set local search_path = pg_temp, public;\ncreate temporary table gone (i int) on commit drop;\n"
            . "insert into gone values (1);\ncreate index concurrently on c (i);\n"
            . "create function f() returns int begin atomic select 1; select case when true then 2 end; end;\n",
        'V10__check.sql' => "do \$\$ begin assert (select count(*) from c) = 2; perform from up; assert f() = 2;\n"
            . "assert exists (select from pg_indexes where indexname = 'c_i_idx'); end \$\$;\n"
            . "create or replace view v as select * from later;\n",
        'V11__later.sql' => "create table later (i int);\n\\i parts/inner.psql\n",
        'parts/inner.psql' => "create table inner_table (i int);\n",
        'V12__check.sql' => "do \$\$ begin perform from inner_table; end \$\$;\n",
        'U3__undo.sql' => "drop table c;\n");
    my ($status, $out, $err) = run('audit', $dir);
    is($status, 0, 'all of it loads') or diag $out, $err;
    like($out, qr/something was missing before.*V10__check\.sql:3/s, 'the view that came too early is named');
    # Cut short by what is under test.
    my $hang = migrations('hang', '1.sql' => "create table t (i int);\nset statement_timeout = 0;\nselect pg_sleep(600);\n");
    ($status, $out) = run('audit', $hang, '--statement-timeout', '1');
    is($status, 1, 'a statement that hangs is given up');
    like($out, qr/1\.sql:3\s.*given up after 1 second/s, 'and reported');
    my $supabase = migrations('app/supabase',
        'migrations/20240101000000_a.sql' => "create table t (id uuid references auth.users, o uuid default auth.uid());\n"
            . "alter table t enable row level security;\ninsert into storage.buckets (id, name) values ('a', 'a');\n",
        'migrations/notes.sql' => "create table not_this (i int);\n", 'seed.sql' => "insert into t values (null, null);\n");
    ($status, $out, $err) = run('audit', "$home/app");
    like($err, qr/Supabase-shaped database: auth\.users in app\/supabase\/migrations\/20240101000000_a\.sql:1/, 'what Supabase brings is there');
    unlike($out, qr/migration_failed/, 'and the files load');
    like($out, qr/left out app\/supabase\/migrations\/notes\.sql/, 'what the Supabase tool would not apply is left out, and named');
    nothing_left('tools');
};

subtest 'stand-ins' => sub {
    my $dir = migrations('stand_ins',
        '1.sql' => "set transaction_timeout_of_a_later_server = 0;\ncreate extension if not exists vector with schema x;\n"
            . "create extension pg_net;\nset search_path = public, x;\n"
            . "create table near (id int primary key, e vector(384) not null);\ninsert into near values (1, '[1,2]');\n"
            . "create function nearest(q vector) returns setof near language sql as 'select * from near order by e <=> q';\n"
            . "create index on near using ivfflat (e vector_cosine_ops) with (lists = 10);\n"
            . "create index if not exists near_hnsw on near using hnsw (e x.vector_l2_ops) where id > 0;\n"
            . "comment on index near_hnsw is 'found';\ndrop index near_hnsw;\n"
            . "create table spots (id int default 1, at geography(point, 4326));\n"
            . "insert into spots (at) values (st_setsrid(st_makepoint(1, 2), 4326));\n"
            . "create table his (id uuid default uuid_generate_v7(), owner text default auth.user_id());\n",
        '2.sql' => "grant select on near to :READER;\nalter table near owner to later_made;\ncreate role later_made nologin;\n"
            . "do \$\$ begin assert (select count(*) from near, spots) = 1; end \$\$;\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    unlike($out, qr/migration_failed/, 'types, functions and settings that are not here have stand-ins') or diag $out;
    like($out, qr/stand-in.*auth\.user_id\(\).*extension .{0,4}pg_net.*extension .{0,4}postgis.*extension .{0,4}vector/, 'which are named');
    like($out, qr/stand-in.*indexes by .{0,4}hnsw.*indexes by .{0,4}ivfflat/, 'indexes of a kind that is not here among them');
    like($out, qr/placeholders.*2\.sql:1/, 'a placeholder is read as a name');
    like($out, qr/"complete": ?true/, 'nothing was left out');
    nothing_left('stand-ins');
};

subtest 'what every project is born with' => sub {
    # (name, what the project adds, the level it is told at)
    my $table = "create table t (id uuid primary key references auth.users (id));\nalter table t enable row level security;\n"
        . "create policy own on t to authenticated using (id = auth.uid());\n";
    my $api = "create schema api;\ngrant usage on schema api to anon;\ncreate table api.t (id int);\n";
    for ([qw(born note), ''],
        ['said_again', 'note', "alter default privileges in schema public grant all on tables to anon, authenticated, service_role;\n"],
        ['taken_back', '', "alter default privileges in schema public revoke all on tables from anon, authenticated;\n"],
        ['public', 'warning', "alter default privileges in schema public grant select on tables to public;\n"],
        ['grantable', 'warning', "alter default privileges in schema public grant select on tables to anon with grant option;\n"],
        ['everywhere', 'warning', "alter default privileges grant select on tables to authenticated;\n"],
        ['other_schema', 'warning', "${api}alter default privileges in schema api grant select on tables to anon;\n"],
        ['as_the_platform', 'warning', "${api}alter default privileges for role postgres, supabase_admin in schema api grant select on tables to anon;\n"],
        ['other_maker', 'warning', "create role maker;\ngrant create on schema public to maker;\ncreate table made (id int);\nalter table made owner to maker;\n"
                . "revoke all on made from anon, authenticated;\nalter default privileges for role maker in schema public grant select on tables to anon;\n"]) {
        my ($name, $level, $more) = @$_;
        my ($status, $out) = run('audit', migrations($name, '1.sql' => $table . $more), '--format', 'json', '--output', '-');
        my %levels = map { $_ => 1 } $out =~ /"rule": ?"default_privileges",\s*"level": ?"(\w+)"/g;
        delete $levels{note} if $level eq 'warning';
        is(join(' ', sort keys %levels), $level, "$name: default privileges are told as it is fit") or diag $out;
        next if $name ne 'born';
        is($status, 0, 'a project in order is one without a finding');
        like($out, qr/"headline": ?"nothing to mend/, 'and with nothing to mend');
    }
    nothing_left('born with');
};

subtest 'failed alike' => sub {
    my $grants = join '', map { "grant execute on function far_$_(int) to public;\n" } 1 .. 5;
    my $dir = migrations('alike', '1.sql' => "create table t (i int);\n$grants", '2.sql' => "grant execute on function far_9() to public;\n"
            . "create index on gone (i);\ncomment on table gone is 'x';\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    my @failed = $out =~ /"rule": ?"migration_failed".*?\}/sg;
    is(scalar(@failed), 4, 'what fails in one file for one reason is one finding') or diag $out;
    like($failed[0], qr/"object": ?"[^"]*1\.sql:2".*5 statements GRANT EXECUTE.*far_1\(integer\).*lines 2, 3, 4, 5, 6\./s, 'which names all of them');
    like($out, qr/8 of 9 statements did not/, 'and they are counted one by one');
    nothing_left('alike');
};

subtest 'failed for one thing' => sub {
    my $policies = join '', map { "create policy p_$_ on orders using (true);\ncreate policy q_$_ on public.orders using (true);\n" } 1 .. 2;
    my $dir = migrations('for_one', '1.sql' => "create table t (i int);\n$policies", '2.sql' => "alter table orders add column a int;\n"
            . "create table made (i int references nowhere);\ncreate view v as select * from made;\ngrant select on made to public;\n"
            . "create index on made (i);\nselect * from orders;\ncreate schema other;\n",
        '3.sql' => "set search_path = other;\nselect * from orders;\ncreate function f() returns void set search_path = other language sql as 'select 1 from orders';\n"
            . "set search_path = public;\nalter table t drop column nope;\nalter table t drop column nope;\nalter table made drop column nope;\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    my @failed = $out =~ /"rule": ?"migration_failed".*?\}/sg;
    is(scalar(@failed), 7, 'what is missing is told once') or diag $out;
    like($out, qr/"object": ?"[^"]*1\.sql:2",\s*"message": ?"relation \\"public\.orders\\" does not exist \(42P01\): 6 statements in 2 files failed for it",/,
        'with how much failed for it, whether its schema is named or not');
    like($out, qr/No statement here makes it\. The first was: [^"]*They stand in [^ ]*1\.sql:2,3,4,5; [^ ]*2\.sql:1,6\./, 'where, and that nothing makes it');
    like($out, qr/public\.made\\" does not exist \(42P01\): 4 statements.{0,60}failed for it",\s*"detail": ?"The statement that makes it failed, too: [^ ]*2\.sql:2\./s,
        'or where it should have been made');
    like($out, qr/"message": ?"relation \\"orders\\" does not exist \(42P01\)"/, 'a name that is looked for elsewhere is another one');
    like($out, qr/15 of 19 statements did not/, 'and they are counted one by one');
    nothing_left('failed for one');
};

subtest 'transactions that fail' => sub {
    my $locks = "alter table t enable row level security;\n";
    my $dir = migrations('undone', '1.sql' => "create table t (i int);\ncreate policy p on t using (true);\n",
        '2.sql' => "begin;\n${locks}drop policy p on t;\ncreate policy q on t using (j = 1);\ncreate policy r on t using (k = 1);\ncommit;\n",
        '3.sql' => "begin;\ncreate table plain (i int);\nalter table t drop column none;\nend;\n"
            . "begin;\n${locks}alter table not_ours add column c int;\ncommit;\n"
            . "begin;\n${locks}savepoint s;\nalter table t drop column three;\nrollback to s;\ncommit;\n"
            . "begin;\n${locks}alter table t drop column four;\nrollback;\nalter table t drop column five;\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    my %failed;
    for my $one ($out =~ /"rule": ?"migration_failed".*?\}/sg) {
        $failed{$1} = $one if $one =~ /"object": ?"[^"]*?(\d\.sql:\d+)"/;
    }
    is(scalar(keys %failed), 7, 'each is told') or diag $out;
    like($failed{'2.sql:4'}, qr/"level": ?"error".*undoes all of the transaction in lines 1 to 6 of [^ ]*2\.sql; what follows here takes it as done\. Policies/s,
        'what locked a table never happened');
    like($failed{'2.sql:5'}, qr/"level": ?"warning".*in lines 1 to 6 of /s, 'which is an error once');
    like($failed{'3.sql:3'}, qr/"level": ?"warning".*in lines 1 to 4 of .*as done\.[^ ]/s, 'or no more than a table');
    like($failed{'3.sql:7'}, qr/"level": ?"warning".*in lines 5 to 8 of /s, 'what is missing here may be there elsewhere');
    unlike($failed{$_}, qr/undoes all/, 'nothing is taken as done') for '3.sql:12', '3.sql:17', '3.sql:19';
    nothing_left('undone');
};

subtest 'nobody connects' => sub {
    my $policies = join '', map { "alter table $_ enable row level security; alter table $_ force row level security;\n"
            . "create policy p on $_ using (tenant = nullif(current_setting('app.tenant', true), '')::uuid);\n" } qw(kept shared);
    my $dir = migrations('nobody', '1.sql' => "create table kept (id int primary key, tenant uuid);\ncreate table shared (id int, tenant uuid);\n"
            . "create table forgotten (id int, tenant uuid);\ncreate table settings (id int);\n$policies"
            . "create policy old on shared for select using (true);\n"
            . "create table lines (id int, kept int references kept);\nalter table kept no force row level security;\n"
            . "create view kept_by_tenant as select tenant, count(*) from kept group by 1;\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    is($status, 1, 'policies are looked at although nobody was granted anything');
    like($out, qr/role .{0,4}application.{0,4} stands in/, 'which is said');
    like($out, qr/"rule": ?"open"[^{}]*public\.shared/, 'the policy that opens');
    like($out, qr/"rule": ?"rls_disabled"[^{}]*public\.forgotten/, 'the table that was forgotten');
    like($out, qr/"rule": ?"rls_disabled"[^{}]*public\.lines/, 'the rows that hang on those of a table with policies');
    like($out, qr/"rule": ?"owner_view"[^{}]*public\.kept_by_tenant/, 'the view that passes them by');
    unlike($out, qr/"object": ?"public\.(kept|settings)"/, 'and no other');
    like($out, qr/nothing is said of 1 relation[^"]*: settings\./, 'of which it is said');
    nothing_left('nobody');
};

subtest 'names of Supabase, and settings of its own' => sub {
    my $tenancy = "using (tenant = nullif(current_setting('app.tenant', true), '')::uuid);\n";
    my $bare = join '', map { "create table bare_$_ (id int, tenant uuid);\n" } 1 .. 10;
    my $guarded = join '', map { "create table $_ (id int, tenant uuid);\nalter table $_ enable row level security;\n"
            . "create policy p on $_ $tenancy" } qw(kept shared);
    my $dir = migrations('borrowed', '1.sql' => "${guarded}create policy old on shared for select using (true);\n$bare"
            . "grant select on kept to authenticated, service_role;\n");
    my ($status, $out) = run('audit', $dir, '--format', 'json', '--output', '-');
    is($status, 1, 'findings');
    like($out, qr/loaded into plain PostgreSQL: who acts is told by settings/, 'it is taken for plain PostgreSQL');
    like($out, qr/"rule": ?"not_looked_at"[^{}]*guessed[^{}]*role authenticated in [^{}]*--supabase or --plain/, 'which is a guess, and said to be one');
    like($out, qr/role .{0,4}authenticated.{0,4} stands in/, 'the name that is there stands for whoever connects');
    like($out, qr/"rule": ?"open"[^{}]*public\.shared/, 'the policy that opens');
    like($out, qr/"rule": ?"rls_disabled"[^{}]*protects 2 of 12 tables/, 'where policies are the exception, that is told once');
    unlike($out, qr/"object": ?"public\.(kept|bare_\d+)"/, 'and not of each table');
    ($status, $out) = run('audit', $dir, '--plain', '--format', 'json', '--output', '-');
    unlike($out, qr/guessed/, 'no guess where it was said');
    ($status, $out) = run('audit', $dir, '--supabase', '--format', 'json', '--output', '-');
    like($out, qr/"rule": ?"rls_disabled"[^{}]*public\.bare_10"/, 'nor the other way round');
    nothing_left('borrowed');
};

subtest 'matrix' => sub {
    my $dir = migrations('m', '1.sql' => "create table t (i int);\n");
    migrations('x', 'good.sql' => "create table matrix_was_here (i int);\n", 'bad.sql' => "select 1;\n\nselect nowhere();\n",
        'commit.sql' => "commit;\n");
    my ($status, $out, $err) = run('audit', $dir, '--matrix', "$home/x/bad.sql");
    is($status, 2, 'a matrix that fails: exit 2');
    like($err, qr/bad\.sql:3: function nowhere\(\) does not exist \(42883\)/, 'with its place');
    ($status, $out, $err) = run('audit', $dir, '--matrix', "$home/x/good.sql");
    isnt($status, 2, 'a matrix that loads');
    nothing_left('matrix');
};

subtest 'keep, and a database of somebody' => sub {
    my ($status, $out, $err) = run('audit', migrations('k', '1.sql' => $app . "create table kept (i int);\n"), '--keep');
    is($status, 0, 'exit 0') or diag $err;
    my ($psql) = $err =~ /connect: psql (.*)/;
    my ($keeper) = $err =~ /stop and remove: kill (\d+)/;
    ok($psql && $keeper, 'says how to connect and how to stop') or return;
    my ($folder) = $psql =~ /-h (\S+)/;
    is(`$bin/psql -X -At $psql -c "select count(*) from kept"`, "0\n", 'the server is there, with the tables');
    my $dsn = "host=$folder user=postgres dbname";
    ($status, $out, $err) = run('audit', '--dsn', "$dsn=postgres", '--format', 'tap');
    is($status, 0, 'a database with the extension');
    migrations('x', 'dsn.sql' => "create table public.matrix_was_here (i int);\n", 'commit.sql' => "commit;\n");
    ($status, $out, $err) = run('audit', '--dsn', "$dsn=postgres", '--matrix', "$home/x/dsn.sql", '--output', '-');
    is($status, 0, 'a matrix for this audit alone') or diag $err;
    is(`$bin/psql -X -At $psql -c "select to_regclass('matrix_was_here') is null"`, "t\n", 'leaves nothing in the database');
    ($status, $out, $err) = run('audit', '--dsn', "$dsn=postgres", '--matrix', "$home/x/commit.sql");
    is($status, 2, 'a matrix must not commit');
    system("$bin/psql -X -q $psql -c 'create database bare'");
    ($status, $out, $err) = run('audit', '--dsn', "$dsn=bare");
    is($status, 2, 'a database without the extension: exit 2');
    like($err, qr/does not have the extension.*CREATE EXTENSION rlsproof/s, 'says what to do');
    is(`$bin/psql -X -At -h $folder -U postgres bare -c "select count(*) from pg_extension where extname = 'rlsproof'"`, "0\n",
        'and did not do it by itself');
    ($status, $out, $err) = run('audit', '--dsn', "$dsn=nowhere");
    is($status, 2, 'no such database: exit 2');
    like($err, qr/cannot connect: .*nowhere/, 'in the words of libpq');
    kill 'TERM', $keeper;
    nothing_left('keep');
};

subtest 'signals' => sub {
    # Cut short by what is under test.
    my $slow = migrations('slow', '1.sql' => "create table t (i int);\nselect pg_sleep(600);\n");
    my $program = migrations('program', '1.sql' => "create table t (i text);\ncopy t from program 'sleep 600 # $temporary';\n");
    my %number = (INT => SIGINT, TERM => SIGTERM, HUP => SIGHUP, KILL => SIGKILL);
    my %phase = (
        'at once'          => sub { 1 },
        'the directory'    => sub { my @f = glob("$temporary/*"); scalar @f },
        'initdb'           => sub { my @f = glob("$temporary/*/data/base"); scalar @f },
        'the server'       => sub { my @f = glob("$temporary/*/data/postmaster.pid"); scalar @f },
        'loading'          => sub { slurp("$home/err") =~ /loading 1 file/ },
        'a statement'      => sub { slurp("$home/err") =~ /loading 1 file/ && sleep 0.5 },
    );
    for my $phase (sort keys %phase) {
        for my $signal ($phase eq 'initdb' || $phase eq 'a statement' ? qw(INT TERM HUP KILL) : qw(INT KILL)) {
            my $pid = start('audit', $slow);
            wait_for($phase, $phase{$phase});
            kill $signal, $pid;
            waitpid($pid, 0);
            is($? & 127, $number{$signal}, "SIG$signal at $phase: died of it");
            is(join(' ', leftovers()), '', 'after having cleaned up') unless $signal eq 'KILL';
            nothing_left("SIG$signal at $phase");
        }
    }
    my $pid = start('audit', $program);
    ok(wait_for('the program', sub { grep { slurp("$_/cmdline") =~ /^sleep/ || slurp("$_/cmdline") =~ /sleep 600/ } processes() }),
        'a migration that runs a program');
    kill 'INT', $pid;
    waitpid($pid, 0);
    nothing_left('a migration that runs a program');
    $pid = start('audit', $slow);
    wait_for('the server', $phase{'a statement'});
    my ($server) = slurp((glob("$temporary/*/data/postmaster.pid"))[0] // '/dev/null') =~ /^(\d+)/;
    kill 'KILL', $server;
    waitpid($pid, 0);
    is($? >> 8, 2, 'a server that dies: exit 2');
    nothing_left('a server that dies');
};

subtest 'settings' => sub {
    # Of the file, of the role and of the database: none of them is in the way of the look.
    my $folder = migrations('settings',
        '1.sql' => $app . "set statement_timeout = '1ms'; set role = app_user; set search_path = '';\n",
        '2.sql' => "alter database postgres set statement_timeout = '1ms';\nalter database postgres set lock_timeout = '1ms';\n"
            . "alter role postgres set default_transaction_read_only = on;\nalter role postgres set row_security = off;\n"
            . "alter role postgres set default_transaction_isolation = 'serializable';\nalter role postgres set role = app_user;\n");
    my ($status, $out, $err) = run('audit', $folder, '--output', '-');
    is($status, 0, 'looked at') or diag("$out$err");
    nothing_left('settings');
};

subtest 'odd places' => sub {
    my $dir = migrations("it's odd, \"really\"", '1.sql' => $app);
    my ($status, $out, $err) = run('audit', $dir);
    is($status, 0, 'quotes, blanks and commas in the name of the folder') or diag $err;
    {
        for my $name ("it's \"odd\" \\ here", 'a, b') {
            local $ENV{TMPDIR} = "$temporary/$name";
            mkdir $ENV{TMPDIR};
            chmod 01777, $ENV{TMPDIR};
            ($status, $out, $err) = run('audit', $dir);
            is($status, 0, "<$name> as the temporary folder") or diag $err;
            rmdir $ENV{TMPDIR};
        }
        local $ENV{TMPDIR} = "$temporary/" . ('x' x 90);
        mkdir $ENV{TMPDIR};
        chmod 01777, $ENV{TMPDIR};
        ($status) = run('audit', $dir);
        is($status, 0, 'a temporary folder too deep for a socket');
        rmdir $ENV{TMPDIR};
    }
    {
        local $ENV{PGOPTIONS} = '-c search_path=nowhere';
        local $ENV{PGDATA} = '/nowhere';
        local $ENV{PGHOST} = '/nowhere';
        local $ENV{LC_ALL} = 'xx_YY.UTF-8';
        ($status, $out, $err) = run('audit', $dir);
        is($status, 0, "somebody's PG variables and locale do not matter") or diag $err;
    }
    my $server = "$home/bin";
    mkdir $server;
    for my $program (qw(initdb postgres)) {
        open(my $script, '>', "$server/$program") or die;
        print $script "#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n";
        close $script;
        chmod 0755, "$server/$program";
    }
    ($status, $out, $err) = run('audit', $dir, '--pgbin', $server);
    is($status, 2, 'initdb fails: exit 2');
    like($err, qr/initdb failed.*the disk is full/s, 'with the end of its log');
SKIP: {
        skip 'root reads everything', 2 if $> == 0;
        chmod 0, "$home/clean";
        ($status, $out, $err) = run('audit', "$home/clean");
        chmod 0755, "$home/clean";
        is($status, 2, 'an unreadable folder: exit 2');
        like($err, qr/cannot read/, 'says so');
    }
    nothing_left('odd places');
};

done_testing;
