-- Patients one of whose contact numbers contains these digits. It only narrows: the caller decides on the numbers as
-- they are stored, because "06-10001001 (dochter)" and "0031 6 1000 1001" are the same number to nobody but a person.
-- parameter digits: last six digits of the number, each with a % before and behind it: whatever stands between them
-- column patient text: patient number
-- column first_name text: first name, NULL when never asked
-- column particle text: tussenvoegsel, such as "van der"
-- column family_name text: family name
-- column birth_year integer: year of birth, NULL when unknown; the birth date itself stays in the database
-- column arrears text: J when bills are unpaid, else N
-- column telephone text: the number as somebody typed it
select P.NUMMER as PATIENT, P.ROEPNAAM as FIRST_NAME, P.TUSSENVOEGSEL as PARTICLE, P.ACHTERNAAM as FAMILY_NAME,
  extract(year from P.GEBOORTEDATUM) as BIRTH_YEAR, P.BETALINGSACHTERSTAND as ARREARS, T.NUMMER as TELEPHONE
from TELEFOON T join PATIENT P on P.NUMMER = T.PATIENT
where T.NUMMER like cast(:digits as varchar(20))
