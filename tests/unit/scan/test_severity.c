/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/severity.h"

#include <stdlib.h>

#include "tap.h"

TAP_MAIN()

TEST(cvss_3_base_scores)
{
	/* Worked examples of FIRST's CVSS v3.1 Examples document and of well-known CVEs. */
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") == 98);
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H") == 100);
	CHECK(cvss_score("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N") == 75);
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N") == 61);
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N") == 64);
	CHECK(cvss_score("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H") == 78);
	CHECK(cvss_score("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N") == 31);
	CHECK(cvss_score("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") == 68);
	CHECK(cvss_score("CVSS:3.1/AV:A/AC:H/PR:H/UI:N/S:C/C:H/I:L/A:N") == 62);
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N") == 0);
	/* Temporal metrics do not change the base score. */
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O") == 98);
}

TEST(cvss_2_base_scores)
{
	/* The worked examples of the CVSS v2 guide, section 3.3. */
	CHECK(cvss_score("AV:N/AC:L/Au:N/C:N/I:N/A:C") == 78);
	CHECK(cvss_score("AV:N/AC:L/Au:N/C:C/I:C/A:C") == 100);
	CHECK(cvss_score("AV:L/AC:H/Au:N/C:C/I:C/A:C") == 62);
	CHECK(cvss_score("AV:N/AC:M/Au:N/C:N/I:P/A:N") == 43);
}

TEST(cvss_4_scores)
{
	/* Agreed with FIRST's published table and interpolation for 200,000 vectors made at random,
	 * these among them. */
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H") == 100);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N") == 93);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N") == 0);
	CHECK(cvss_score("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:H/VA:L/SC:L/SI:N/SA:L/CR:M"
			 "/MPR:H/MSA:N/MAT:X") == 41);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:H/AT:P/PR:L/UI:A/VC:H/VI:L/VA:L/SC:N/SI:N/SA:L/E:A/CR:M"
			 "/MPR:X/MVC:L/MSC:X/MSI:X/MSA:S") == 64);
	CHECK(cvss_score("CVSS:4.0/AV:A/AC:H/AT:P/PR:N/UI:A/VC:L/VI:H/VA:N/SC:N/SI:N/SA:N/E:U"
			 "/MAV:X") == 19);
	CHECK(cvss_score("CVSS:4.0/AV:A/AC:L/AT:P/PR:N/UI:P/VC:N/VI:N/VA:L/SC:L/SI:H/SA:H/MSC:H") ==
	      55);
	CHECK(cvss_score("CVSS:4.0/AV:P/AC:L/AT:N/PR:L/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:L/MVC:L"
			 "/MSA:X/MAT:N") == 24);
	/* Supplemental metrics say nothing of it. */
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/S:P/AU:Y"
			 "/R:U/V:C/RE:H/U:Amber") == 93);
	/* Missing, twice, unknown, a value of another metric, safety of the first system. */
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N") == -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N") ==
	      -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N") == -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:S/SI:N/SA:N") == -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N") == -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MSC:S") ==
	      -1);
	CHECK(cvss_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/ZZ:1") ==
	      -1);
	CHECK(cvss_score("CVSS:4.0/") == -1 && cvss_score("CVSS:4.0/AV") == -1);
}

TEST(cvss_that_cannot_be_scored)
{
	CHECK(cvss_score("") == -1);
	CHECK(cvss_score(NULL) == -1);
	CHECK(cvss_score("7.5") == -1);
	CHECK(cvss_score("CVSS:3.1/") == -1);
	CHECK(cvss_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H") == -1);
	CHECK(cvss_score("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") == -1);
	CHECK(cvss_score("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") == -1);

	char *vector = calloc(1, 514);

	memset(vector, '/', 513);
	memcpy(vector, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 44);
	CHECK(cvss_score(vector) == -1);
	vector[512] = '\0';
	CHECK(cvss_score(vector) == 98);
	free(vector);
}

TEST(words_and_scale)
{
	enum severity s;
	struct err e = ERR_INIT;

	CHECK(severity_of_word("Important") == SEVERITY_HIGH);
	CHECK(severity_of_word("MODERATE") == SEVERITY_MEDIUM);
	CHECK(severity_of_word("not yet assigned") == SEVERITY_UNKNOWN);
	CHECK(severity_of_word(NULL) == SEVERITY_UNKNOWN);
	CHECK(severity_of_score(-1) == SEVERITY_UNKNOWN && severity_of_score(0) == SEVERITY_LOW);
	CHECK(severity_of_score(39) == SEVERITY_LOW && severity_of_score(40) == SEVERITY_MEDIUM);
	CHECK(severity_of_score(69) == SEVERITY_MEDIUM && severity_of_score(70) == SEVERITY_HIGH);
	CHECK(severity_of_score(89) == SEVERITY_HIGH && severity_of_score(90) == SEVERITY_CRITICAL);
	CHECK(severity_parse("HIGH", &s, &e) == 0 && s == SEVERITY_HIGH);
	CHECK(severity_parse("urgent", &s, &e) == E_USAGE);
	CHECK_STR(severity_name(SEVERITY_CRITICAL), "critical");
}

/* A metric that stands there twice counts for nothing, wherever its value is missing. */
TEST(a_metric_twice)
{
	CHECK(cvss_score("AV:N/AC:M/Au:S/C:P/I:C/A:N") > 0);
	CHECK(cvss_score("AV:N/AC:M/Au:S/C:P/I:C/A/A:N") == -1);
	CHECK(cvss_score("AV:N/AC:M/Au:S/C:P/I:C/A:N/A") == -1);
	CHECK(cvss_score("AV:N/AC:M/Au:S/C:P/I:C/A:/A:N") == -1);
}
