-- Tables of an invented practice system as it may have been installed in 2014. Firebird 2.5 grammar.
-- CHAR columns are padded by the engine, which is what a nightly fixed-width import left behind.
-- The database's default character set is WIN1252. Names are Dutch because the installed base is.

create sequence NR_AFSPRAAK;
create sequence NR_JOURNAAL;

-- Clinics.
create table VESTIGING (
  CODE char(6) not null primary key,
  NAAM char(40) not null,
  PLAATS char(24),
  TELEFOON char(20)
);

-- Therapists.
create table MEDEWERKER (
  CODE char(4) not null primary key,
  VESTIGING char(6) not null references VESTIGING (CODE),
  VOORLETTERS char(10),
  TUSSENVOEGSEL char(12),
  ACHTERNAAM char(40) not null,
  UIT_DIENST date
);

-- Patients. OPMERKING is free text of the front desk: anything may be in it.
create table PATIENT (
  NUMMER char(8) not null primary key,
  ACHTERNAAM char(40) not null,
  TUSSENVOEGSEL char(12),
  ROEPNAAM char(24),
  VOORLETTERS char(10),
  GEBOORTEDATUM date,
  GESLACHT char(1),
  STRAAT char(40),
  HUISNUMMER char(8),
  POSTCODE char(7),
  PLAATS char(24),
  VESTIGING char(6) references VESTIGING (CODE),
  BETALINGSACHTERSTAND char(1) default 'N' not null check (BETALINGSACHTERSTAND in ('J', 'N')),
  OPMERKING varchar(250)
);

-- Contact numbers, several per patient, as somebody once typed them.
create table TELEFOON (
  VOLGNR integer not null primary key,
  PATIENT char(8) not null references PATIENT (NUMMER),
  SOORT char(1),
  NUMMER char(40) not null
);

-- Places in the agenda. STATUS is F free, H held for a patient, B booked. Places of one therapist may overlap.
-- GESPREK is the conversation that a hold belongs to; unique, so that two holds at once cannot both stand.
create table AGENDA (
  NUMMER integer not null primary key,
  MEDEWERKER char(4) not null references MEDEWERKER (CODE),
  VESTIGING char(6) not null references VESTIGING (CODE),
  BEGIN_TIJD timestamp not null,
  MINUTEN smallint not null check (MINUTEN between 1 and 480),
  STATUS char(1) default 'F' not null check (STATUS in ('F', 'H', 'B')),
  HOUDER varchar(26),
  HOUDER_PATIENT char(8) references PATIENT (NUMMER),
  GEHOUDEN_TOT timestamp,
  GESPREK varchar(26) unique
);

create index AGENDA_BEGIN on AGENDA (BEGIN_TIJD, NUMMER);
create index AGENDA_WIE on AGENDA (MEDEWERKER, BEGIN_TIJD);

-- Which place (SLOT) is in the way of which booked or held one (DOOR) of the same therapist; a taken place of itself too.
-- No place is longer than 480 minutes: the bound on DOOR's begin lets an index find the few that matter.
create view AGENDA_BOTSING (SLOT, DOOR, GESPREK) as
select A.NUMMER, B.NUMMER, B.GESPREK
from AGENDA A join AGENDA B on B.MEDEWERKER = A.MEDEWERKER
  and B.BEGIN_TIJD > dateadd(-480 minute to A.BEGIN_TIJD)
  and B.BEGIN_TIJD < dateadd(A.MINUTEN minute to A.BEGIN_TIJD)
  and dateadd(B.MINUTEN minute to B.BEGIN_TIJD) > A.BEGIN_TIJD
where B.STATUS = 'B' or (B.STATUS = 'H' and B.GEHOUDEN_TOT >= cast('NOW' as timestamp));

-- Appointments. HOUDER is the hold they came from, NULL when the front desk booked; VERVALLEN is when it was cancelled.
create table AFSPRAAK (
  NUMMER integer not null primary key,
  AGENDA integer not null references AGENDA (NUMMER),
  PATIENT char(8) not null references PATIENT (NUMMER),
  HOUDER varchar(26) unique,
  GEMAAKT timestamp,
  VERVALLEN timestamp
);

-- Journal notes. MELDTIJD is local time, MELD_UTC its offset in minutes; REFERENTIE names the message.
create table JOURNAAL (
  NUMMER integer not null primary key,
  PATIENT char(8) not null references PATIENT (NUMMER),
  MELDTIJD timestamp not null,
  MELD_UTC smallint,
  TEKST blob sub_type text character set WIN1252,
  REFERENTIE char(26) unique,
  VASTGELEGD timestamp
);

set term ^ ;

-- Whoever books or frees a place, the front desk too, ends the conversation's hold on it.
create trigger AGENDA_GESPREK for AGENDA before insert or update
as
begin
  if (new.STATUS <> 'H') then new.GESPREK = null;
end^

set term ; ^
