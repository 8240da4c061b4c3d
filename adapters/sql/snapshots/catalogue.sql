-- What PostgreSQL's catalogue says of a database's schema. Names come out qualified, because search_path is empty.
-- What belongs to an extension is left to the extension.

-- :system
select (select system_identifier::text from pg_catalog.pg_control_system());

-- :locale
select pg_catalog.current_setting('server_version'), pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype
from pg_catalog.pg_database where datname = pg_catalog.current_database();

-- What a snapshot has no words for, each by name.
-- :unknown
select 'partitioned, inherited or foreign table ' || c.oid::pg_catalog.regclass::text
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (c.relkind in ('p', 'f') or exists (select 1 from pg_catalog.pg_inherits i where c.oid in (i.inhrelid, i.inhparent)))
  and c.relkind in ('r', 'p', 'f')
union all
select 'row-level policy on ' || polrelid::pg_catalog.regclass::text from pg_catalog.pg_policy
union all
select 'rule on ' || ev_class::pg_catalog.regclass::text from pg_catalog.pg_rewrite
where rulename <> '_RETURN' and ev_class >= 16384
union all
select 'large objects' where exists (select 1 from pg_catalog.pg_largeobject_metadata);

-- :schemas
select n.nspname, pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select 1 from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objid = n.oid and d.deptype = 'e')
order by 1;

-- :extensions
select e.extname, pg_catalog.quote_ident(e.extname), pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql' order by 1;

-- Tables, with whether this account may read them; USAGE on the schema counts as well.
-- :tables
select c.oid, n.nspname, c.relname, pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select 1 from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname;

-- :columns
select a.attrelid, a.attnum, a.attname, pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
       case when t.typtype = 'd' then b.typname else t.typname end,
       case when t.typtype = 'd' then t.typtypmod else a.atttypmod end,
       a.attnotnull or t.typnotnull, a.attidentity::text, a.attgenerated::text,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid),
       case when a.attcollation <> t.typcollation then l.oid::pg_catalog.regcollation::text end,
       (select pg_catalog.format('sequence name %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s',
               s.seqrelid::pg_catalog.regclass, s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
               case when s.seqcycle then ' cycle' else '' end)
        from pg_catalog.pg_depend o join pg_catalog.pg_sequence s on s.seqrelid = o.objid
        where o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.deptype = 'i'
          and o.refobjid = a.attrelid and o.refobjsubid = a.attnum)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind = 'r'
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type b on b.oid = t.typbasetype
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_collation l on l.oid = a.attcollation
where a.attnum > 0 and not a.attisdropped and a.attrelid >= 16384
order by a.attrelid, a.attnum;

-- Primary keys and unique constraints first, because foreign keys need them.
-- :constraints
select c.conrelid, c.contype::text, c.conname, pg_catalog.quote_ident(c.conname), pg_catalog.pg_get_constraintdef(c.oid),
       (select array_agg(a.attname::text order by k.place)
        from unnest(c.conkey) with ordinality k(number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number),
       c.confrelid,
       (select array_agg(a.attname::text order by k.place)
        from unnest(c.confkey) with ordinality k(number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number)
from pg_catalog.pg_constraint c
where c.conrelid >= 16384 and c.contype in ('p', 'u', 'x', 'c', 'f')
order by pg_catalog.array_position(array['p', 'u', 'x', 'c', 'f'], c.contype::text), c.conrelid::pg_catalog.regclass::text, c.conname;

-- Indexes that no constraint makes; the columns of one that is unique, whole and of plain columns.
-- :indexes
select i.indrelid, i.indexrelid::pg_catalog.regclass::text, pg_catalog.pg_get_indexdef(i.indexrelid),
       case when i.indisunique and i.indpred is null and i.indexprs is null then
           (select array_agg(a.attname::text order by k.place)
            from unnest(i.indkey::int2[]) with ordinality k(number, place)
            join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
            where k.place <= i.indnkeyatts) end
from pg_catalog.pg_index i
where i.indrelid >= 16384
  and not exists (select 1 from pg_catalog.pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
order by 2;

-- Sequences of their own, with the column that each belongs to.
-- :sequences
select s.seqrelid::pg_catalog.regclass::text,
       pg_catalog.format('create sequence %s as %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s',
           s.seqrelid::pg_catalog.regclass, pg_catalog.format_type(s.seqtypid, null), s.seqincrement, s.seqmin, s.seqmax,
           s.seqstart, s.seqcache, case when s.seqcycle then ' cycle' else '' end),
       (select pg_catalog.format('%s.%I', o.refobjid::pg_catalog.regclass, a.attname)
        from pg_catalog.pg_depend o
        join pg_catalog.pg_attribute a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
        where o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and o.objid = s.seqrelid and o.deptype = 'a'),
       exists (select 1 from pg_catalog.pg_depend o where o.objid = s.seqrelid and o.deptype = 'i'
               and o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
from pg_catalog.pg_sequence s
where not exists (select 1 from pg_catalog.pg_depend o where o.objid = s.seqrelid and o.deptype = 'e')
order by 1;

-- :views
select c.oid::pg_catalog.regclass::text, c.relkind::text, pg_catalog.pg_get_viewdef(c.oid)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select 1 from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 1;

-- :functions
select p.oid::pg_catalog.regprocedure::text, p.prokind::text, pg_catalog.pg_get_functiondef(p.oid)
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and p.prokind in ('f', 'p')
  and not exists (select 1 from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
order by 1;

-- :triggers
select t.tgname, t.tgrelid::pg_catalog.regclass::text, pg_catalog.pg_get_triggerdef(t.oid)
       || case t.tgenabled
            when 'D' then pg_catalog.format('; alter table %s disable trigger %I', t.tgrelid::pg_catalog.regclass, t.tgname)
            when 'R' then pg_catalog.format('; alter table %s enable replica trigger %I', t.tgrelid::pg_catalog.regclass, t.tgname)
            when 'A' then pg_catalog.format('; alter table %s enable always trigger %I', t.tgrelid::pg_catalog.regclass, t.tgname)
            else '' end
from pg_catalog.pg_trigger t where not t.tgisinternal order by 2, 1;

-- Enumerations and domains; the type of a table's own rows is no type of its own.
-- :types
select t.oid::pg_catalog.regtype::text,
       case t.typtype
         when 'e' then pg_catalog.format('create type %s as enum (%s)', t.oid::pg_catalog.regtype,
             (select string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
              from pg_catalog.pg_enum e where e.enumtypid = t.oid))
         when 'd' then pg_catalog.format('create domain %s as %s%s%s%s', t.oid::pg_catalog.regtype,
             pg_catalog.format_type(t.typbasetype, t.typtypmod),
             coalesce(' default ' || t.typdefault, ''), case when t.typnotnull then ' not null' else '' end,
             coalesce((select string_agg(pg_catalog.format(' constraint %I %s', c.conname,
                                                           pg_catalog.pg_get_constraintdef(c.oid)), '' order by c.conname)
                       from pg_catalog.pg_constraint c where c.contypid = t.oid), ''))
         when 'c' then pg_catalog.format('create type %s as (%s)', t.oid::pg_catalog.regtype,
             (select string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ', '
                                order by a.attnum)
              from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and not a.attisdropped))
       end
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (t.typtype in ('e', 'd')
       or t.typtype = 'c' and (select c.relkind from pg_catalog.pg_class c where c.oid = t.typrelid) = 'c')
  and not exists (select 1 from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid and d.deptype = 'e')
order by 1;
