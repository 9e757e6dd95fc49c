#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void answer_add(struct answer *answer, const char *format, ...) {
    va_list arguments;
    size_t room = sizeof answer->text - answer->length;

    va_start(arguments, format);
    int length = vsnprintf(answer->text + answer->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        answer->length += (size_t)length < room ? (size_t)length : room - 1;
}

void answer_add_string(struct answer *answer, const char *bytes, size_t length) {
    answer_add(answer, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char each = (unsigned char)bytes[i];
        if (each == '"' || each == '\\')
            answer_add(answer, "\\%c", each);
        else if (each >= ' ' && each < 0x7f)
            answer_add(answer, "%c", each);
        else
            answer_add(answer, "\\u%04x", each);
    }
    answer_add(answer, "\"");
}

void answer_error(struct answer *answer, const char *complaint) {
    answer->length = 0;
    answer_add(answer, "{\"error\": ");
    answer_add_string(answer, complaint, strlen(complaint));
    answer_add(answer, "}");
}
