#ifndef WEIR_HANDLERS_ELB_LOGS_ELB_LOGS_H
#define WEIR_HANDLERS_ELB_LOGS_ELB_LOGS_H

#include "event/handler.h"

/*
 * The handler `elb_logs`: access logs of load balancers, announced by events, to Logstash.
 * README.md in this folder is for its users.
 */
extern const struct weir_handler weir_elb_logs_handler;

#endif
