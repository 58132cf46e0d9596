/* SPDX-License-Identifier: MIT */
#include "metrics/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;
/* The end of the year 9999: what RFC 3339 can say. */
static const int64_t MAX_MS = INT64_C(253402300799999);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* All of the text as a number up to max. */
static bool parse_number(const char *text, int64_t max, int64_t *out)
{
	*out = 0;
	if (!is_digit(*text))
		return false;
	for (; is_digit(*text); text++) {
		*out = *out * 10 + (*text - '0');
		if (*out > max)
			return false;
	}
	return *text == '\0';
}

/* So many digits at *text, which is moved behind them; -1: they are not there. */
static int take_digits(const char **text, int num)
{
	int number = 0;

	for (int i = 0; i < num; i++) {
		if (!is_digit(**text))
			return -1;
		number = number * 10 + (*(*text)++ - '0');
	}
	return number;
}

/* One of these characters at *text, which is moved behind it. */
static bool take_one_of(const char **text, const char *characters)
{
	if (**text == '\0' || !strchr(characters, **text))
		return false;
	(*text)++;
	return true;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970 to a date. Returns false where the calendar has no such day. */
static bool find_day(int year, int month, int day, int64_t *out)
{
	static const int days_before[] = { 0,   31,  59,  90,  120, 151, 181,
					   212, 243, 273, 304, 334, 365 };
	int days_of_month, before;

	if (year < 1970 || month < 1 || month > 12)
		return false;
	days_of_month = days_before[month] - days_before[month - 1] +
			(month == 2 && is_leap(year));
	if (day < 1 || day > days_of_month)
		return false;
	before = year - 1;
	*out = (int64_t)(year - 1970) * 365 + (before / 4 - before / 100 + before / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400) + days_before[month - 1] +
	       (month > 2 && is_leap(year)) + day - 1;
	return true;
}

static bool take_date(const char **text, int64_t *out_ms)
{
	int year = take_digits(text, 4);
	int month = take_one_of(text, "-") ? take_digits(text, 2) : -1;
	int day = take_one_of(text, "-") ? take_digits(text, 2) : -1;
	int64_t days;

	if (!find_day(year, month, day, &days))
		return false;
	*out_ms = days * DAY_MS;
	return true;
}

/* 06:00:00 or 06:00:00.123; of a finer fraction the rest is left out. */
static bool take_time(const char **text, int64_t *out_ms)
{
	int hour = take_digits(text, 2);
	int minute = take_one_of(text, ":") ? take_digits(text, 2) : -1;
	int second = take_one_of(text, ":") ? take_digits(text, 2) : -1;
	int place = 100, fraction = 0;

	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60)
		return false;
	if (take_one_of(text, ".")) {
		if (!is_digit(**text))
			return false;
		for (; is_digit(**text); place /= 10)
			fraction += (*(*text)++ - '0') * place;
	}
	*out_ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction;
	return true;
}

/* Z, or how far local time is from UTC. In an address + may stand for a blank. */
static bool take_zone(const char **text, int64_t *out_ms)
{
	bool is_west = **text == '-';
	int hour, minute;

	*out_ms = 0;
	if (take_one_of(text, "Zz"))
		return true;
	if (!take_one_of(text, "+- "))
		return false;
	hour = take_digits(text, 2);
	minute = take_one_of(text, ":") ? take_digits(text, 2) : -1;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return false;
	*out_ms = (hour * 60 + minute) * INT64_C(60000) * (is_west ? -1 : 1);
	return true;
}

static bool parse_moment(const char *text, int64_t *out)
{
	int64_t date_ms, time_ms, zone_ms;

	if (parse_number(text, MAX_MS, out))
		return true;
	if (!take_date(&text, &date_ms) || !take_one_of(&text, "Tt ") ||
	    !take_time(&text, &time_ms) || !take_zone(&text, &zone_ms) || *text)
		return false;
	*out = date_ms + time_ms - zone_ms;
	return *out >= 0 && *out <= MAX_MS;
}

const char *query_parse(const struct query_text *text, int64_t now_ms, struct query *out)
{
	int64_t points = QUERY_POINTS;

	out->until_ms = now_ms < 0 ? 0 : now_ms;
	if (text->until && !parse_moment(text->until, &out->until_ms))
		return "until: neither milliseconds since 1970 nor a time as "
		       "2026-11-22T06:00:00Z\n";
	out->since_ms = out->until_ms > DAY_MS ? out->until_ms - DAY_MS : 0;
	if (text->since && !parse_moment(text->since, &out->since_ms))
		return "since: neither milliseconds since 1970 nor a time as "
		       "2026-11-22T06:00:00Z\n";
	if (out->since_ms > out->until_ms)
		return "since: after until\n";
	if (text->points &&
	    (!parse_number(text->points, QUERY_MAX_POINTS, &points) || points < 1))
		return "points: not a number from 1 to 5000\n";
	out->max_points = (uint32_t)points;
	return NULL;
}
