-- Complains if this file is sourced in psql rather than through CREATE EXTENSION.
\echo Use "CREATE EXTENSION rlsproof" to load this file. \quit

-- Every function has a search_path of its own, every object is named in full, nothing is replaced: the schema is ours
-- and was empty. Whatever PUBLIC gets by default is taken back in grants.sql and given there on purpose.
