-- A database that shows what the ODBC driver makes of each kind of column and of each kind of failure.

alter database set default character set WIN1252;

create table PERSON (
  ID integer not null primary key,
  CODE varchar(8) unique,
  NAME char(12),
  REMARK varchar(40),
  PASTED char(6) character set NONE,
  NOTE blob sub_type text,
  AMOUNT numeric(9, 2),
  BORN date,
  SEEN timestamp,
  PARENT integer references PERSON (ID),
  WEIGHT smallint check (WEIGHT > 0)
);

insert into PERSON (ID, CODE, NAME) values (1, 'A', 'Aartje');

create exception E_REFUSED 'this text is the site''s own';

set term ^ ;

create procedure WEB_ADD (ID integer, CODE varchar(8)) returns (OUTCOME varchar(10), SEEN timestamp)
as
begin
  insert into PERSON (ID, CODE) values (:ID, :CODE);
  OUTCOME = 'ADDED';
  SEEN = cast('2031-03-03 10:00:00' as timestamp);
  suspend;
end^

create procedure WEB_REFUSE returns (OUTCOME varchar(10))
as
begin
  exception E_REFUSED;
  suspend;
end^

set term ; ^

grant select on PERSON to SHIM_READ;
