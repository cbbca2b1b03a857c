-- The listing assistant: prompts, requests, quota and the documents it answers from.

create table public.ai_prompts (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations (id) on delete cascade,
  name text not null,
  template text not null,
  is_active boolean not null default true
);
create index ai_prompts_org_id_idx on public.ai_prompts (org_id);
alter table public.ai_prompts enable row level security;
create policy "Only active prompts of the own studio" on public.ai_prompts
  for select to authenticated using (is_active and public.is_org_member(org_id));
grant select on public.ai_prompts to authenticated;

-- What a user may still ask this month.
create table public.ai_quotas (
  user_id uuid primary key references public.profiles (id) on delete cascade,
  monthly_limit integer not null default 20,
  used integer not null default 0
);
alter table public.ai_quotas enable row level security;
create policy "Own quota" on public.ai_quotas
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.ai_quotas to authenticated;

create table public.ai_requests (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  org_id uuid references public.organisations (id) on delete cascade,
  prompt text not null,
  response text,
  tokens integer not null default 0,
  created_at timestamptz not null default now()
);
create index ai_requests_user_id_idx on public.ai_requests (user_id);
alter table public.ai_requests enable row level security;
create policy "Users read their own requests" on public.ai_requests
  for select to authenticated using (user_id = (select auth.uid()));
create policy "Users ask within their quota" on public.ai_requests
  for insert to authenticated
  with check (
    user_id = (select auth.uid())
    and (select q.used < q.monthly_limit from public.ai_quotas q where q.user_id = (select auth.uid()))
  );
grant select, insert on public.ai_requests to authenticated;

-- The server counts, in the same transaction as the request.
create function private.count_ai_request() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.ai_quotas set used = used + 1 where user_id = new.user_id;
  return new;
end;
$$;
create trigger ai_requests_count after insert on public.ai_requests
  for each row execute function private.count_ai_request();

-- Chunks of house rules, price lists and contracts. Plain arrays: the vector extension comes with the next plan.
create table public.document_embeddings (
  id bigint generated always as identity primary key,
  org_id uuid not null references public.organisations (id) on delete cascade,
  source text not null,
  content text not null,
  embedding real[] not null
);
create index document_embeddings_org_id_idx on public.document_embeddings (org_id);
alter table public.document_embeddings enable row level security;
create policy "Members search the documents of their studio" on public.document_embeddings
  for select to authenticated
  using (
    exists (
      select 1 from public.memberships m
      where m.user_id = (select auth.uid()) and m.org_id = document_embeddings.org_id
    )
  );
grant select on public.document_embeddings to authenticated;

create function public.cosine_similarity(a real[], b real[]) returns double precision
language sql immutable strict parallel safe as $$
  select sum(x * y) / nullif(sqrt(sum(x * x)) * sqrt(sum(y * y)), 0)
  from unnest(a, b) as t (x, y)
$$;

-- Runs as the caller: row level security decides which chunks are candidates.
create function public.match_documents(p_query real[], p_limit integer default 5)
returns table (id bigint, source text, content text, similarity double precision)
language sql stable as $$
  select d.id, d.source, d.content, public.cosine_similarity(d.embedding, p_query)
  from public.document_embeddings d
  order by 4 desc nulls last
  limit least(p_limit, 20)
$$;
grant execute on function public.cosine_similarity(real[], real[]) to authenticated, service_role;
grant execute on function public.match_documents(real[], integer) to authenticated, service_role;
