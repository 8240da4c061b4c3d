-- The stored procedures that do all the writing, as the vendor once documented them.
-- Every one has SUSPEND: it is called as `select … from WEB_…(…)`, the only form that works through every driver.
-- Times are the database's own clock. Outcomes are words, never messages.

create exception WEB_ONBEKENDE_PATIENT 'onbekende patient';

set term ^ ;

-- Hold a slot. UITKOMST: HELD, TAKEN, NO_SLOT, NO_PATIENT. The same holder and patient get the same hold again.
-- One UPDATE decides; a check before it would let two callers pass.
create procedure WEB_HOLD_SLOT (SLOT integer, PATIENT varchar(8), HOUDER varchar(26), SECONDEN integer)
returns (UITKOMST varchar(10), RESTEREND integer, BEGIN_TIJD timestamp, MINUTEN integer,
         VESTIGING varchar(6), MEDEWERKER varchar(4))
as
declare variable TOT timestamp;
begin
  RESTEREND = 0;
  select A.BEGIN_TIJD, A.MINUTEN, A.VESTIGING, A.MEDEWERKER from AGENDA A where A.NUMMER = :SLOT
    into :BEGIN_TIJD, :MINUTEN, :VESTIGING, :MEDEWERKER;
  if (BEGIN_TIJD is null) then
    UITKOMST = 'NO_SLOT';
  else if (not exists (select 1 from PATIENT P where P.NUMMER = :PATIENT)) then
    UITKOMST = 'NO_PATIENT';
  else
  begin
    update AGENDA A set
      A.GEHOUDEN_TOT = case
        when A.STATUS = 'H' and A.HOUDER = :HOUDER and A.GEHOUDEN_TOT >= cast('NOW' as timestamp) then A.GEHOUDEN_TOT
        else dateadd(:SECONDEN second to cast('NOW' as timestamp)) end,
      A.STATUS = 'H', A.HOUDER = :HOUDER, A.HOUDER_PATIENT = :PATIENT
    where A.NUMMER = :SLOT and (A.STATUS = 'F' or (A.STATUS = 'H'
      and (A.GEHOUDEN_TOT < cast('NOW' as timestamp) or (A.HOUDER = :HOUDER and A.HOUDER_PATIENT = :PATIENT))));
    if (row_count = 0) then
      UITKOMST = 'TAKEN';
    else
    begin
      UITKOMST = 'HELD';
      select A.GEHOUDEN_TOT from AGENDA A where A.NUMMER = :SLOT into :TOT;
      RESTEREND = datediff(millisecond from cast('NOW' as timestamp) to :TOT) / 1000;
    end
  end
  suspend;
end^

-- Turn a hold into an appointment. UITKOMST: BOOKED, EXPIRED, TAKEN, UNKNOWN. The same hold gets the same appointment.
create procedure WEB_CONFIRM (SLOT integer, PATIENT varchar(8), HOUDER varchar(26))
returns (UITKOMST varchar(10), AFSPRAAK integer, BEGIN_TIJD timestamp, MINUTEN integer,
         VESTIGING varchar(6), MEDEWERKER varchar(4), TUSSENVOEGSEL varchar(12), ACHTERNAAM varchar(40))
as
declare variable STAND char(1);
declare variable NU_HOUDER varchar(26);
declare variable NU_PATIENT char(8);
begin
  UITKOMST = 'UNKNOWN';
  -- The UPDATE comes first: looked up before it, an appointment that a twin commits meanwhile would be missed.
  update AGENDA A set A.STATUS = 'B', A.GEHOUDEN_TOT = null
  where A.NUMMER = :SLOT and A.STATUS = 'H' and A.HOUDER = :HOUDER and A.HOUDER_PATIENT = :PATIENT
    and A.GEHOUDEN_TOT >= cast('NOW' as timestamp);
  if (row_count = 1) then
  begin
    AFSPRAAK = next value for NR_AFSPRAAK;
    insert into AFSPRAAK (NUMMER, AGENDA, PATIENT, HOUDER, GEMAAKT)
      values (:AFSPRAAK, :SLOT, :PATIENT, :HOUDER, cast('NOW' as timestamp));
  end
  else
    select B.NUMMER from AFSPRAAK B where B.HOUDER = :HOUDER and B.AGENDA = :SLOT and B.PATIENT = :PATIENT
      into :AFSPRAAK;
  if (AFSPRAAK is not null) then
  begin
    UITKOMST = 'BOOKED';
    select A.BEGIN_TIJD, A.MINUTEN, A.VESTIGING, A.MEDEWERKER from AGENDA A where A.NUMMER = :SLOT
      into :BEGIN_TIJD, :MINUTEN, :VESTIGING, :MEDEWERKER;
    select P.TUSSENVOEGSEL, P.ACHTERNAAM from PATIENT P where P.NUMMER = :PATIENT
      into :TUSSENVOEGSEL, :ACHTERNAAM;
  end
  else
  begin
    select A.STATUS, A.HOUDER, A.HOUDER_PATIENT from AGENDA A where A.NUMMER = :SLOT
      into :STAND, :NU_HOUDER, :NU_PATIENT;
    if (NU_HOUDER = HOUDER) then
    begin
      if (STAND = 'H' and NU_PATIENT = PATIENT) then UITKOMST = 'EXPIRED';
    end
    else if (STAND in ('H', 'B')) then
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

set term ; ^

-- The reader may look at what the contracts need; the writer may only call the procedures.
grant select on VESTIGING to SHIM_READ;
grant select on MEDEWERKER to SHIM_READ;
grant select on PATIENT to SHIM_READ;
grant select on TELEFOON to SHIM_READ;
grant select on AGENDA to SHIM_READ;
grant select on AFSPRAAK to SHIM_READ;
grant select on JOURNAAL to SHIM_READ;
grant execute on procedure WEB_HOLD_SLOT to SHIM_WRITE;
grant execute on procedure WEB_CONFIRM to SHIM_WRITE;
grant execute on procedure WEB_LOG_NOTE to SHIM_WRITE;
grant select, update on AGENDA to procedure WEB_HOLD_SLOT;
grant select on PATIENT to procedure WEB_HOLD_SLOT;
grant select, update on AGENDA to procedure WEB_CONFIRM;
grant select, insert on AFSPRAAK to procedure WEB_CONFIRM;
grant select on PATIENT to procedure WEB_CONFIRM;
grant select, insert on JOURNAAL to procedure WEB_LOG_NOTE;
grant select on PATIENT to procedure WEB_LOG_NOTE;
-- Three statements that Firebird 2.5 does not know and does not need: its sequences and exceptions are free to all.
grant usage on sequence NR_AFSPRAAK to procedure WEB_CONFIRM;
grant usage on sequence NR_JOURNAAL to procedure WEB_LOG_NOTE;
grant usage on exception WEB_ONBEKENDE_PATIENT to procedure WEB_LOG_NOTE;
