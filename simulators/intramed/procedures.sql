-- The stored procedures that do all the writing, as the vendor once documented them.
-- Every one has SUSPEND: it is called as `select … from WEB_…(…)`, the only form that works through every driver.
-- Holds expire by the database's clock; MOMENT is the practice's local time now. Outcomes are words, never messages.
--
-- Whoever takes a place first rewrites the therapist's row, which only one transaction at a time can do: a second one
-- waits for it and then sees what was taken, or meets an update conflict and begins anew. The place itself is taken by
-- one UPDATE that holds every condition; a check before it would let two callers pass.

create exception WEB_ONBEKENDE_PATIENT 'onbekende patient';

set term ^ ;

-- Hold a slot. UITKOMST: HELD, TAKEN, NO_SLOT, NO_PATIENT, PAST. The same holder and patient get the same live hold
-- again. Only a hold that succeeds frees the other slot of its conversation, which therefore is in nobody's way here.
-- A holder that an appointment was made from holds nothing more.
create procedure WEB_HOLD_SLOT (SLOT integer, PATIENT varchar(8), HOUDER varchar(26), SECONDEN integer,
                                GESPREK varchar(26), MOMENT timestamp)
returns (UITKOMST varchar(10), RESTEREND integer, BEGIN_TIJD timestamp, MINUTEN integer,
         VESTIGING varchar(6), MEDEWERKER varchar(4))
as
declare variable TOT timestamp;
begin
  RESTEREND = 0;
  GESPREK = nullif(GESPREK, '');
  select A.BEGIN_TIJD, A.MINUTEN, A.VESTIGING, A.MEDEWERKER from AGENDA A where A.NUMMER = :SLOT
    into :BEGIN_TIJD, :MINUTEN, :VESTIGING, :MEDEWERKER;
  if (BEGIN_TIJD is null) then
    UITKOMST = 'NO_SLOT';
  else if (not exists (select 1 from PATIENT P where P.NUMMER = :PATIENT)) then
    UITKOMST = 'NO_PATIENT';
  else if (BEGIN_TIJD <= MOMENT) then
    UITKOMST = 'PAST';
  else if (exists (select 1 from AGENDA A where A.NUMMER = :SLOT and (A.STATUS = 'B'
      or (A.STATUS = 'H' and A.GEHOUDEN_TOT >= cast('NOW' as timestamp) and A.HOUDER <> :HOUDER
        and (:GESPREK is null or A.GESPREK is distinct from :GESPREK))))) then
    UITKOMST = 'TAKEN';  -- sure without the therapist's row, for which two hundred losers would fight
  else
  begin
    UITKOMST = 'TAKEN';
    update MEDEWERKER M set M.UIT_DIENST = M.UIT_DIENST where M.CODE = :MEDEWERKER;
    update AGENDA A set
      A.GEHOUDEN_TOT = case
        when A.STATUS = 'H' and A.HOUDER = :HOUDER and A.HOUDER_PATIENT = :PATIENT
          and A.GEHOUDEN_TOT >= cast('NOW' as timestamp) then A.GEHOUDEN_TOT
        else dateadd(:SECONDEN second to cast('NOW' as timestamp)) end,
      A.STATUS = 'H', A.HOUDER = :HOUDER, A.HOUDER_PATIENT = :PATIENT, A.GESPREK = null
    where A.NUMMER = :SLOT and A.MEDEWERKER = :MEDEWERKER and A.BEGIN_TIJD = :BEGIN_TIJD
      and (A.STATUS = 'F' or (A.STATUS = 'H' and (A.GEHOUDEN_TOT < cast('NOW' as timestamp)
        or (A.HOUDER = :HOUDER and A.HOUDER_PATIENT = :PATIENT) or A.GESPREK = :GESPREK)))
      and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER and Z.DOOR <> A.NUMMER
        and (:GESPREK is null or Z.GESPREK is distinct from :GESPREK))
      and not exists (select 1 from AFSPRAAK B where B.HOUDER = :HOUDER);
    if (row_count = 1) then
    begin
      UITKOMST = 'HELD';
      if (GESPREK is not null) then
      begin
        update AGENDA A set
          A.STATUS = 'F', A.HOUDER = null, A.HOUDER_PATIENT = null, A.GEHOUDEN_TOT = null, A.GESPREK = null
        where A.GESPREK = :GESPREK and A.NUMMER <> :SLOT;
        update AGENDA A set A.GESPREK = :GESPREK where A.NUMMER = :SLOT;
      end
      select A.GEHOUDEN_TOT from AGENDA A where A.NUMMER = :SLOT into :TOT;
      RESTEREND = datediff(millisecond from cast('NOW' as timestamp) to :TOT) / 1000;
    end
  end
  suspend;
end^

-- Turn a hold into an appointment. UITKOMST: BOOKED, EXPIRED, TAKEN, UNKNOWN, PAST. The same hold gets the same
-- appointment again, even after it has begun; once that is cancelled the hold is unknown.
create procedure WEB_CONFIRM (SLOT integer, PATIENT varchar(8), HOUDER varchar(26), MOMENT timestamp)
returns (UITKOMST varchar(10), AFSPRAAK integer, BEGIN_TIJD timestamp, MINUTEN integer,
         VESTIGING varchar(6), MEDEWERKER varchar(4), TUSSENVOEGSEL varchar(12), ACHTERNAAM varchar(40))
as
declare variable WIE char(4);
declare variable BEGINT timestamp;
declare variable STAND char(1);
declare variable NU_HOUDER varchar(26);
declare variable NU_PATIENT char(8);
declare variable TOT timestamp;
begin
  UITKOMST = 'UNKNOWN';
  select A.MEDEWERKER from AGENDA A where A.NUMMER = :SLOT into :WIE;
  update MEDEWERKER M set M.UIT_DIENST = M.UIT_DIENST where M.CODE = :WIE;
  -- The UPDATE comes first: looked up before it, an appointment that a twin commits meanwhile would be missed.
  update AGENDA A set A.STATUS = 'B', A.GEHOUDEN_TOT = null
  where A.NUMMER = :SLOT and A.MEDEWERKER = :WIE and A.BEGIN_TIJD > :MOMENT
    and A.STATUS = 'H' and A.HOUDER = :HOUDER and A.HOUDER_PATIENT = :PATIENT
    and A.GEHOUDEN_TOT >= cast('NOW' as timestamp)
    and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER and Z.DOOR <> A.NUMMER)
    and not exists (select 1 from AFSPRAAK B where B.HOUDER = :HOUDER);
  if (row_count = 1) then
    insert into AFSPRAAK (NUMMER, AGENDA, PATIENT, HOUDER, GEMAAKT)
      values (next value for NR_AFSPRAAK, :SLOT, :PATIENT, :HOUDER, cast('NOW' as timestamp));
  select B.NUMMER, A.BEGIN_TIJD, A.MINUTEN, A.VESTIGING, A.MEDEWERKER, P.TUSSENVOEGSEL, P.ACHTERNAAM
  from AFSPRAAK B join AGENDA A on A.NUMMER = B.AGENDA join PATIENT P on P.NUMMER = B.PATIENT
  where B.HOUDER = :HOUDER and B.AGENDA = :SLOT and B.PATIENT = :PATIENT and B.VERVALLEN is null
    into :AFSPRAAK, :BEGIN_TIJD, :MINUTEN, :VESTIGING, :MEDEWERKER, :TUSSENVOEGSEL, :ACHTERNAAM;
  if (AFSPRAAK is not null) then
    UITKOMST = 'BOOKED';
  else if (not exists (select 1 from AFSPRAAK B where B.HOUDER = :HOUDER)) then
  begin
    select A.BEGIN_TIJD, A.STATUS, A.HOUDER, A.HOUDER_PATIENT, A.GEHOUDEN_TOT from AGENDA A where A.NUMMER = :SLOT
      into :BEGINT, :STAND, :NU_HOUDER, :NU_PATIENT, :TOT;
    if (NU_HOUDER = HOUDER and (STAND <> 'H' or NU_PATIENT <> PATIENT)) then
      UITKOMST = 'UNKNOWN';
    else if (NU_HOUDER = HOUDER and BEGINT <= MOMENT) then
      UITKOMST = 'PAST';
    else if (NU_HOUDER = HOUDER and TOT < cast('NOW' as timestamp)) then
      UITKOMST = 'EXPIRED';
    else if (STAND in ('H', 'B')) then
      UITKOMST = 'TAKEN';
  end
  suspend;
end^

-- Cancel an appointment of a patient and free its slot. UITKOMST: CANCELLED (also when it was already), PAST, UNKNOWN.
create procedure WEB_CANCEL (AFSPRAAK integer, PATIENT varchar(8), MOMENT timestamp)
returns (UITKOMST varchar(10))
as
declare variable SLOT integer;
declare variable TOEN timestamp;
begin
  UITKOMST = 'UNKNOWN';
  update AFSPRAAK B set B.VERVALLEN = cast('NOW' as timestamp)
  where B.NUMMER = :AFSPRAAK and B.PATIENT = :PATIENT and B.VERVALLEN is null
    and exists (select 1 from AGENDA A where A.NUMMER = B.AGENDA and A.BEGIN_TIJD > :MOMENT);
  if (row_count = 1) then
  begin
    UITKOMST = 'CANCELLED';
    select B.AGENDA from AFSPRAAK B where B.NUMMER = :AFSPRAAK into :SLOT;
    update AGENDA A set A.STATUS = 'F', A.HOUDER = null, A.HOUDER_PATIENT = null, A.GEHOUDEN_TOT = null
    where A.NUMMER = :SLOT and A.STATUS = 'B';
  end
  else
  begin
    select B.AGENDA, B.VERVALLEN from AFSPRAAK B where B.NUMMER = :AFSPRAAK and B.PATIENT = :PATIENT
      into :SLOT, :TOEN;
    if (TOEN is not null) then
      UITKOMST = 'CANCELLED';
    else if (SLOT is not null) then
      UITKOMST = 'PAST';
  end
  suspend;
end^

-- Book a free slot at once, for callers that keep their holds elsewhere. UITKOMST: BOOKED, TAKEN, NO_SLOT, NO_PATIENT,
-- PAST. The same reference, slot and patient get the same appointment again; once that is cancelled the reference is
-- UNKNOWN.
create procedure WEB_BOOK (SLOT integer, PATIENT varchar(8), REFERENTIE varchar(26), MOMENT timestamp)
returns (UITKOMST varchar(10), AFSPRAAK integer, BEGIN_TIJD timestamp, MINUTEN integer,
         VESTIGING varchar(6), MEDEWERKER varchar(4), TUSSENVOEGSEL varchar(12), ACHTERNAAM varchar(40))
as
declare variable WIE char(4);
declare variable BEGINT timestamp;
begin
  select A.MEDEWERKER, A.BEGIN_TIJD from AGENDA A where A.NUMMER = :SLOT into :WIE, :BEGINT;
  if (WIE is null) then
    UITKOMST = 'NO_SLOT';
  else if (not exists (select 1 from PATIENT P where P.NUMMER = :PATIENT)) then
    UITKOMST = 'NO_PATIENT';
  else
  begin
    update MEDEWERKER M set M.UIT_DIENST = M.UIT_DIENST where M.CODE = :WIE;
    update AGENDA A set
      A.STATUS = 'B', A.HOUDER = :REFERENTIE, A.HOUDER_PATIENT = :PATIENT, A.GEHOUDEN_TOT = null
    where A.NUMMER = :SLOT and A.MEDEWERKER = :WIE and A.BEGIN_TIJD > :MOMENT
      and (A.STATUS = 'F' or (A.STATUS = 'H' and A.GEHOUDEN_TOT < cast('NOW' as timestamp)))
      and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER and Z.DOOR <> A.NUMMER)
      and not exists (select 1 from AFSPRAAK B where B.HOUDER = :REFERENTIE);
    if (row_count = 1) then
      insert into AFSPRAAK (NUMMER, AGENDA, PATIENT, HOUDER, GEMAAKT)
        values (next value for NR_AFSPRAAK, :SLOT, :PATIENT, :REFERENTIE, cast('NOW' as timestamp));
    select B.NUMMER, A.BEGIN_TIJD, A.MINUTEN, A.VESTIGING, A.MEDEWERKER, P.TUSSENVOEGSEL, P.ACHTERNAAM
    from AFSPRAAK B join AGENDA A on A.NUMMER = B.AGENDA join PATIENT P on P.NUMMER = B.PATIENT
    where B.HOUDER = :REFERENTIE and B.AGENDA = :SLOT and B.PATIENT = :PATIENT and B.VERVALLEN is null
      into :AFSPRAAK, :BEGIN_TIJD, :MINUTEN, :VESTIGING, :MEDEWERKER, :TUSSENVOEGSEL, :ACHTERNAAM;
    if (AFSPRAAK is not null) then
      UITKOMST = 'BOOKED';
    else if (exists (select 1 from AFSPRAAK B where B.HOUDER = :REFERENTIE)) then
      UITKOMST = 'UNKNOWN';
    else if (BEGINT <= MOMENT) then
      UITKOMST = 'PAST';
    else
      UITKOMST = 'TAKEN';
  end
  suspend;
end^

-- Add a note to the journal. UITKOMST: LOGGED, KNOWN (this reference is already there), OTHER (there, but another note).
create procedure WEB_LOG_NOTE (PATIENT varchar(8), MELDTIJD timestamp, MELD_UTC smallint,
                               TEKST blob sub_type text character set WIN1252, REFERENTIE varchar(26))
returns (UITKOMST varchar(10), NOTITIE integer)
as
declare variable NU_PATIENT char(8);
declare variable NU_MELDTIJD timestamp;
declare variable NU_UTC smallint;
begin
  select J.NUMMER, J.PATIENT, J.MELDTIJD, J.MELD_UTC from JOURNAAL J where J.REFERENTIE = :REFERENTIE
    into :NOTITIE, :NU_PATIENT, :NU_MELDTIJD, :NU_UTC;
  if (NOTITIE is not null) then
  begin
    UITKOMST = 'OTHER';
    if (NU_PATIENT = PATIENT and NU_MELDTIJD = MELDTIJD and NU_UTC = MELD_UTC) then UITKOMST = 'KNOWN';
  end
  else
  begin
    if (not exists (select 1 from PATIENT P where P.NUMMER = :PATIENT)) then exception WEB_ONBEKENDE_PATIENT;
    NOTITIE = next value for NR_JOURNAAL;
    insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, MELD_UTC, TEKST, REFERENTIE, VASTGELEGD)
      values (:NOTITIE, :PATIENT, :MELDTIJD, :MELD_UTC, :TEKST, :REFERENTIE, cast('NOW' as timestamp));
    UITKOMST = 'LOGGED';
  end
  suspend;
end^

-- The same for callers whose notes carry no reference: every call adds one. UITKOMST: LOGGED.
create procedure WEB_LOG_NOTE_TEXT (PATIENT varchar(8), MELDTIJD timestamp, MELD_UTC smallint,
                                    TEKST blob sub_type text character set WIN1252)
returns (UITKOMST varchar(10), NOTITIE integer)
as
begin
  if (not exists (select 1 from PATIENT P where P.NUMMER = :PATIENT)) then exception WEB_ONBEKENDE_PATIENT;
  NOTITIE = next value for NR_JOURNAAL;
  insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, MELD_UTC, TEKST, VASTGELEGD)
    values (:NOTITIE, :PATIENT, :MELDTIJD, :MELD_UTC, :TEKST, cast('NOW' as timestamp));
  UITKOMST = 'LOGGED';
  suspend;
end^

set term ; ^

-- The reader may look at what the contracts need; the writer may only call the procedures.
grant select on VESTIGING to SHIM_READ;
grant select on MEDEWERKER to SHIM_READ;
grant select on PATIENT to SHIM_READ;
grant select on TELEFOON to SHIM_READ;
grant select on AGENDA to SHIM_READ;
grant select on AGENDA_BOTSING to SHIM_READ;
grant select on AFSPRAAK to SHIM_READ;
grant select on JOURNAAL to SHIM_READ;
grant execute on procedure WEB_HOLD_SLOT to SHIM_WRITE;
grant execute on procedure WEB_CONFIRM to SHIM_WRITE;
grant execute on procedure WEB_CANCEL to SHIM_WRITE;
grant execute on procedure WEB_BOOK to SHIM_WRITE;
grant execute on procedure WEB_LOG_NOTE to SHIM_WRITE;
grant execute on procedure WEB_LOG_NOTE_TEXT to SHIM_WRITE;
grant select, update on MEDEWERKER to procedure WEB_HOLD_SLOT;
grant select, update on AGENDA to procedure WEB_HOLD_SLOT;
grant select on AGENDA_BOTSING to procedure WEB_HOLD_SLOT;
grant select on AFSPRAAK to procedure WEB_HOLD_SLOT;
grant select on PATIENT to procedure WEB_HOLD_SLOT;
grant select, update on MEDEWERKER to procedure WEB_CONFIRM;
grant select, update on AGENDA to procedure WEB_CONFIRM;
grant select on AGENDA_BOTSING to procedure WEB_CONFIRM;
grant select, insert on AFSPRAAK to procedure WEB_CONFIRM;
grant select on PATIENT to procedure WEB_CONFIRM;
grant select, update on AGENDA to procedure WEB_CANCEL;
grant select, update on AFSPRAAK to procedure WEB_CANCEL;
grant select, update on MEDEWERKER to procedure WEB_BOOK;
grant select, update on AGENDA to procedure WEB_BOOK;
grant select on AGENDA_BOTSING to procedure WEB_BOOK;
grant select, insert on AFSPRAAK to procedure WEB_BOOK;
grant select on PATIENT to procedure WEB_BOOK;
grant select, insert on JOURNAAL to procedure WEB_LOG_NOTE;
grant select on PATIENT to procedure WEB_LOG_NOTE;
grant insert on JOURNAAL to procedure WEB_LOG_NOTE_TEXT;
grant select on PATIENT to procedure WEB_LOG_NOTE_TEXT;
-- Statements that Firebird 2.5 does not know and does not need: its sequences and exceptions are free to all.
grant usage on sequence NR_AFSPRAAK to procedure WEB_CONFIRM;
grant usage on sequence NR_AFSPRAAK to procedure WEB_BOOK;
grant usage on sequence NR_JOURNAAL to procedure WEB_LOG_NOTE;
grant usage on sequence NR_JOURNAAL to procedure WEB_LOG_NOTE_TEXT;
grant usage on exception WEB_ONBEKENDE_PATIENT to procedure WEB_LOG_NOTE;
grant usage on exception WEB_ONBEKENDE_PATIENT to procedure WEB_LOG_NOTE_TEXT;
